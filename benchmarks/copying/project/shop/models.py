"""A shop: UUID keys, money, JSON, a tree of categories, and a circle between categories and products."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q


class Category(models.Model):
    id = models.AutoField(primary_key=True)
    name = models.CharField(max_length=80)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    # A product belongs to a category, and a category shows one product.
    featured = models.ForeignKey("Product", models.SET_NULL, null=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)


class Product(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    sku = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    slug = models.SlugField(db_index=False)
    description = models.TextField(blank=True)
    category = models.ForeignKey(Category, models.PROTECT)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    weight = models.FloatField(null=True)
    stock = models.PositiveIntegerField(default=0)
    rating = models.SmallIntegerField(null=True)
    attributes = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    released = models.DateField(null=True)
    homepage = models.URLField(blank=True)
    image = models.FileField(upload_to="products", blank=True)
    template = models.FilePathField(path="/srv/templates", blank=True)


class Order(models.Model):
    number = models.BigIntegerField(unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, db_index=False)
    status = models.CharField(max_length=12)
    placed = models.DateTimeField()
    email = models.EmailField()
    total = models.DecimalField(max_digits=12, decimal_places=2)
    discount = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    address = models.JSONField()
    note = models.TextField(blank=True)
    paid = models.BooleanField(null=True)
    ip = models.GenericIPAddressField(null=True)
    delivery = models.DurationField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-placed"], name="shop_order_of_user"),
            models.Index(fields=["placed"], condition=Q(status="open"), name="shop_order_open"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(status="cart"), name="shop_order_one_cart"),
        ]


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE)
    product = models.ForeignKey(Product, models.PROTECT)
    quantity = models.PositiveSmallIntegerField(default=1)
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    tax = models.SmallIntegerField()

    class Meta:
        unique_together = [("order", "product")]
