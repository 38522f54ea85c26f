"""A page with one query, the same page without a database, and one that takes its time."""

import asyncio
import time

from django.http import HttpResponse
from django.shortcuts import render

from posts import material
from posts.models import Post

PAGE = "posts/latest.html"
NEWEST = Post.objects.order_by("-published")[: material.SHOWN]
HELD = [Post(**row) for row in material.rows()][: -material.SHOWN - 1 : -1]


def latest(request):
    return render(request, PAGE, {"posts": NEWEST.all()})


async def latest_async(request):
    return render(request, PAGE, {"posts": [post async for post in NEWEST.all()]})


def without_database(request):
    return render(request, PAGE, {"posts": HELD})


def slow(request):
    time.sleep(float(request.GET["seconds"]))
    return HttpResponse("done")


async def slow_async(request):
    await asyncio.sleep(float(request.GET["seconds"]))
    return HttpResponse("done")
