"""The tables as they are."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Sensor",
            fields=[
                ("serial", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=60)),
                ("latitude", models.FloatField()),
                ("longitude", models.FloatField()),
                ("installed", models.DateField()),
                ("firmware", models.BinaryField()),
                ("settings", models.JSONField(default=dict)),
                ("address", models.GenericIPAddressField(null=True, protocol="IPv6")),
            ],
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("taken", models.DateTimeField()),
                ("value", models.FloatField()),
                ("deviation", models.FloatField(null=True)),
                ("exact", models.DecimalField(decimal_places=6, max_digits=12, null=True)),
                ("raw", models.SmallIntegerField()),
                ("counter", models.BigIntegerField()),
                ("ticks", models.PositiveBigIntegerField()),
                ("at", models.TimeField()),
                ("day", models.DateField()),
                ("delay", models.DurationField()),
                ("good", models.BooleanField(null=True)),
                ("trace", models.UUIDField(null=True)),
                ("payload", models.BinaryField(null=True)),
                ("sensor", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="measurements.sensor")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("sensor", "taken"), name="measurements_reading_once")],
            },
        ),
    ]
