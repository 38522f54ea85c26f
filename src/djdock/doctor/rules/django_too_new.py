"""What newer Djangos have removed: https://docs.djangoproject.com/en/stable/internals/deprecation/"""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import AddRequirement

NAME = "django-too-new"
TITLE = "Something that newer Djangos have removed"
SEEN = "cannot import name 'ugettext_lazy' from 'django.utils.translation'; No module named 'django.core.urlresolvers'"
CAUSE = "The project does not say which Django it was written for, and was given one that has removed what it uses."
FIX = "Name the series of Django that the project was written for, such as Django<4, in its dependencies."
DOES = "Asks for the newest Django that still has it, where the project itself names no version."

# The first Django without it.
MODULES = {
    "django.core.urlresolvers": "2.0",
    "django.utils.six": "3.0",
    "django.utils.lru_cache": "3.0",
    "django.utils._os.abspathu": "3.0",
    "django.contrib.staticfiles.templatetags": "3.0",
    "django.core.context_processors": "1.10",
    "django.contrib.comments": "1.8",
    "django.utils.importlib": "1.9",
    "django.db.models.loading": "1.9",
    "django.contrib.postgres.fields.citext": "5.1",
    "django.utils.baseconv": "5.0",
    "django.utils.datetime_safe": "5.0",
}
NAMES = {
    ("django.utils.translation", "ugettext"): "4.0",
    ("django.utils.translation", "ugettext_lazy"): "4.0",
    ("django.utils.translation", "ugettext_noop"): "4.0",
    ("django.utils.translation", "ungettext"): "4.0",
    ("django.utils.translation", "ungettext_lazy"): "4.0",
    ("django.conf.urls", "url"): "4.0",
    ("django.conf.urls", "patterns"): "1.10",
    ("django.utils.encoding", "force_text"): "4.0",
    ("django.utils.encoding", "smart_text"): "4.0",
    ("django.utils.encoding", "python_2_unicode_compatible"): "3.0",
    ("django.utils.http", "is_safe_url"): "4.0",
    ("django.utils.http", "urlquote"): "4.0",
    ("django.utils.http", "urlencode"): "9.0",
    ("django.utils.http", "urlunquote"): "4.0",
    ("django.contrib.postgres.fields", "JSONField"): "4.0",
    ("django.contrib.postgres.fields", "CICharField"): "5.1",
    ("django.contrib.postgres.fields", "CIEmailField"): "5.1",
    ("django.contrib.postgres.fields", "CITextField"): "5.1",
    ("django.utils.decorators", "available_attrs"): "3.0",
    ("django.shortcuts", "render_to_response"): "3.0",
    ("django.contrib.auth.views", "login"): "2.1",
    ("django.contrib.auth.views", "logout"): "2.1",
    ("django.utils.timezone", "utc"): "5.0",
    ("django.core.files.storage", "get_storage_class"): "5.1",
    ("django.utils.functional", "curry"): "3.0",
    ("django.dispatch", "providing_args"): "4.0",
    ("django.utils.text", "unescape_entities"): "4.0",
    ("django.db.models.fields", "FieldDoesNotExist"): "3.1",
    ("django.core.cache", "get_cache"): "1.9",
    ("django.utils.html", "allow_lazy"): "1.10",
    ("django.utils.functional", "allow_lazy"): "1.10",
}
MISSING_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'|module '([\w.]+)' has no attribute '(\w+)'")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    without, what = None, ""
    if fault := symptom.first("ImportError", "AttributeError"):
        match = MISSING_NAME.search(fault.text)
        if fault.is_a("ModuleNotFoundError"):
            what = fault.attribute("name")
            without = MODULES.get(what)
        elif match:
            owner, name = (match[2], match[1]) if match[1] else (match[3], match[4])
            what = f"{owner}.{name}"
            without = NAMES.get((owner, name)) or MODULES.get(what)
    elif (fault := symptom.first("TypeError")) and "'on_delete'" in fault.text:
        without, what = "2.0", "relations between models without on_delete"
    if without is None:
        return ()
    said = case.declared("django")
    free = said is not None and not said.locked and "==" not in said.specifier and "<" not in said.specifier
    repair = AddRequirement(f"Django<{without}", f"the project uses {what}") if said is None or free else None
    fix = f"Name Django<{without} in the dependencies; or change the code as Django's release notes for {without} say."
    return (Finding(NAME, f"{what} is not in Django {without} and newer", symptom.where, fix, repair),)
