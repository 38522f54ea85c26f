"""Measurements: keys of text, floats, bytes, times and durations; nearly every field type in one table."""

from django.db import models


class Sensor(models.Model):
    serial = models.CharField(max_length=16, primary_key=True)
    name = models.CharField(max_length=60)
    latitude = models.FloatField()
    longitude = models.FloatField()
    installed = models.DateField()
    firmware = models.BinaryField()
    settings = models.JSONField(default=dict)
    address = models.GenericIPAddressField(protocol="IPv6", null=True)


class Reading(models.Model):
    sensor = models.ForeignKey(Sensor, models.CASCADE)
    taken = models.DateTimeField()
    value = models.FloatField()
    deviation = models.FloatField(null=True)
    exact = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    raw = models.SmallIntegerField()
    counter = models.BigIntegerField()
    ticks = models.PositiveBigIntegerField()
    at = models.TimeField()
    day = models.DateField()
    delay = models.DurationField()
    good = models.BooleanField(null=True)
    trace = models.UUIDField(null=True)
    payload = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sensor", "taken"], name="measurements_reading_once"),
        ]
