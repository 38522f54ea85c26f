"""The tables as they are."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Category",
            fields=[
                ("id", models.AutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=80)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "parent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="shop.category",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField(unique=True)),
                ("status", models.CharField(max_length=12)),
                ("placed", models.DateTimeField()),
                ("email", models.EmailField(max_length=254)),
                ("total", models.DecimalField(decimal_places=2, max_digits=12)),
                ("discount", models.DecimalField(decimal_places=4, max_digits=5, null=True)),
                ("address", models.JSONField()),
                ("note", models.TextField(blank=True)),
                ("paid", models.BooleanField(null=True)),
                ("ip", models.GenericIPAddressField(null=True)),
                ("delivery", models.DurationField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("sku", models.CharField(max_length=20, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("slug", models.SlugField(db_index=False)),
                ("description", models.TextField(blank=True)),
                ("price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("weight", models.FloatField(null=True)),
                ("stock", models.PositiveIntegerField(default=0)),
                ("rating", models.SmallIntegerField(null=True)),
                ("attributes", models.JSONField(default=dict)),
                ("active", models.BooleanField(default=True)),
                ("released", models.DateField(null=True)),
                ("homepage", models.URLField(blank=True)),
                ("image", models.FileField(blank=True, upload_to="products")),
                ("template", models.FilePathField(blank=True, path="/srv/templates")),
                ("category", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="shop.category")),
            ],
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("quantity", models.PositiveSmallIntegerField(default=1)),
                ("unit_price", models.DecimalField(decimal_places=2, max_digits=10)),
                ("tax", models.SmallIntegerField()),
                ("order", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="shop.order")),
                ("product", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="shop.product")),
            ],
        ),
        migrations.AddField(
            model_name="category",
            name="featured",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="shop.product"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["user", "-placed"], name="shop_order_of_user"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(condition=models.Q(("status", "open")), fields=["placed"], name="shop_order_open"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "cart")), fields=("user",), name="shop_order_one_cart"
            ),
        ),
        migrations.AlterUniqueTogether(
            name="orderline",
            unique_together={("order", "product")},
        ),
    ]
