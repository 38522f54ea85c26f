from django.urls import path

from posts import views

urlpatterns = [
    path("", views.latest),
    path("async/", views.latest_async),
    path("without-database/", views.without_database),
    path("slow/", views.slow),
    path("slow-async/", views.slow_async),
]
