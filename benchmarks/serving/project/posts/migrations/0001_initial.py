from django.db import migrations, models

from posts import material


def fill(apps, schema_editor):
    post = apps.get_model("posts", "Post")
    post.objects.bulk_create(post(**row) for row in material.rows())


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Post",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("author", models.CharField(max_length=100)),
                ("summary", models.TextField()),
                ("published", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
