"""A blog: long texts, a tree of comments, tags, and a circle between posts and comments."""

from django.conf import settings
from django.db import models


class Tag(models.Model):
    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)


class Post(models.Model):
    id = models.AutoField(primary_key=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    title = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    body = models.TextField()
    published = models.DateTimeField(null=True)
    embargo = models.TimeField(null=True)
    views = models.PositiveBigIntegerField(default=0)
    meta = models.JSONField(null=True)
    tags = models.ManyToManyField(Tag)
    # A comment belongs to a post, and a post shows one comment first.
    pinned = models.ForeignKey("Comment", models.SET_NULL, null=True, related_name="+")


class Comment(models.Model):
    post = models.ForeignKey(Post, models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    text = models.TextField()
    created = models.DateTimeField(db_index=True)
    score = models.IntegerField(default=0)
    approved = models.BooleanField(default=False)
    ip = models.GenericIPAddressField()
