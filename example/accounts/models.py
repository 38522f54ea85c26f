from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """The site's users. Add fields here, then run makemigrations."""
