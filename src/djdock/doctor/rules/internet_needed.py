"""Code that calls another server while the site starts: https://docs.djangoproject.com/en/stable/topics/settings/"""

from __future__ import annotations

from djdock.doctor.case import Case, Finding

NAME = "internet-needed"
TITLE = "The project calls the internet while it starts"
SEEN = "socket.gaierror: Name or service not known; requests.exceptions.ConnectionError, from the settings or an app"
CAUSE = (
    "A line of the settings or of an app asks another server (a secrets store, an exchange rate, an API) "
    "when it is imported."
)
FIX = (
    "Connect this machine; or move the call into a function that is called later, with a value of its "
    "own for development."
)
DOES = "Nothing: what the answer would have been cannot be made up."

ERRORS = (
    "socket.gaierror",
    "requests.exceptions.ConnectionError",
    "requests.exceptions.Timeout",
    "urllib.error.URLError",
    "urllib3.exceptions.HTTPError",
    "httpx.ConnectError",
    "httpx.TimeoutException",
    "httpcore.ConnectError",
    "aiohttp.client_exceptions.ClientConnectionError",
    "ConnectionError",
    "TimeoutError",
    "botocore.exceptions.EndpointConnectionError",
    "botocore.exceptions.NoCredentialsError",
    "google.auth.exceptions.TransportError",
    "google.auth.exceptions.DefaultCredentialsError",
    "hvac.exceptions.VaultError",
)


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first(*ERRORS) if symptom and symptom.step != "install" else None
    own = [frame for frame in symptom.own if not frame.file.endswith("manage.py")] if symptom else []
    if symptom is None or fault is None or not own:
        return ()
    if any(fault.is_a("django.db.utils.Error") for fault in symptom.faults):
        return ()  # it is the database that does not answer
    when = "while a page is made" if symptom.step == "request" else "while it starts"
    what = f"The project calls another server {when}, and cannot reach it"
    fix = (
        f"Connect this machine to the network; or move the call in {own[-1].where} into a function that is "
        "called later."
    )
    return (Finding(NAME, what, own[-1].where, fix),)
