"""The project's settings, with what the benchmark compares given by a variable."""

import json
import os

from django_project.settings import *  # noqa: F403

DATABASES["default"] |= json.loads(os.environ["BENCHMARK_DATABASE"])  # noqa: F405
