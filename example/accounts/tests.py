from django.contrib.auth import get_user_model
from django.db import connection
from django.test import TestCase

from .models import User


class UserTests(TestCase):
    def test_the_projects_own_model_is_in_use(self):
        self.assertIs(get_user_model(), User)

    def test_a_user_can_log_in(self):
        User.objects.create_user("ada", password="correct horse battery staple")
        self.assertTrue(self.client.login(username="ada", password="correct horse battery staple"))

    def test_the_database_is_postgresql(self):
        self.assertEqual(connection.vendor, "postgresql")
