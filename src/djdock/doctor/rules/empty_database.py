"""A page that needs a row which nobody has made yet (https://docs.djangoproject.com/en/stable/howto/initial-data/)."""

from __future__ import annotations

from djdock.doctor.case import Case, Finding

NAME = "empty-database"
TITLE = "A page needs rows that are not there yet"
SEEN = (
    "Site matching query does not exist; SocialApp.DoesNotExist; Post.DoesNotExist, on the first page of a new database"
)
CAUSE = (
    "The project works, and its database is empty: a view takes for granted what somebody once typed into the admin."
)
FIX = "Load the project's fixtures, or make the row in the admin: `djdock manage createsuperuser`, then /admin/."
DOES = "Nothing: what belongs into the row is not known. It names the fixtures that the project has."

SITES = "django.contrib.sites.models.Site.DoesNotExist"


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("django.core.exceptions.ObjectDoesNotExist") if symptom else None
    if symptom is None or fault is None or symptom.step != "request":
        return ()
    model = fault.type.removesuffix(".DoesNotExist").rpartition(".")[2]
    fixtures = [path for path in case.paths if "/fixtures/" in f"/{path}" and path.endswith((".json", ".yaml", ".xml"))]
    if fault.is_a(SITES):
        fix = (
            'djdock manage shell -c "from django.contrib.sites.models import Site; Site.objects.create(pk=N, '
            '…)" (N: SITE_ID)'
        )
    elif fixtures:
        fix = f"djdock manage loaddata {fixtures[0].rpartition('/')[2]}"
    else:
        fix = "Make it in the admin: djdock manage createsuperuser, then /admin/"
    return (Finding(NAME, f"A page needs a row of {model}, and the database is still empty", symptom.where, fix),)
