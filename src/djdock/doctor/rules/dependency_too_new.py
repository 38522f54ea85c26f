"""What newer versions of well-known packages have removed, from their change logs: https://packaging.python.org/

A dependency of a dependency that nobody has pinned is the newest one, and the package that asked for it is old.
"""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import InstallRequirement

NAME = "dependency-too-new"
TITLE = "A dependency is too new for another one"
SEEN = "cannot import name 'soft_unicode' from 'markupsafe'; cannot import name 'url_quote' from 'werkzeug.urls'"
CAUSE = (
    "A package is pinned to an old version, and what that one needs is not: the newest was taken, which "
    "works differently."
)
FIX = "Name a version of the dependency that is as old as the package that needs it; a lock file does it for all."
DOES = "Installs the newest version that still has it, in the environment only."

# (module, name) and the requirement that still has it.
NAMES: dict[tuple[str, str], str] = {
    ("markupsafe", "soft_unicode"): "markupsafe<2.1",
    ("jinja2", "escape"): "jinja2<3.1",
    ("jinja2", "Markup"): "jinja2<3.1",
    ("jinja2", "contextfunction"): "jinja2<3.1",
    ("jinja2", "contextfilter"): "jinja2<3.1",
    ("werkzeug.urls", "url_quote"): "werkzeug<3",
    ("werkzeug.urls", "url_decode"): "werkzeug<3",
    ("werkzeug", "url_quote"): "werkzeug<1",
    ("werkzeug", "cached_property"): "werkzeug<1",
    ("werkzeug.wrappers", "BaseResponse"): "werkzeug<2.1",
    ("itsdangerous", "json"): "itsdangerous<2.1",
    ("urllib3.util.ssl_", "DEFAULT_CIPHERS"): "urllib3<2",
    ("urllib3.packages.six.moves", "http_client"): "urllib3<2",
    ("requests.packages.urllib3.util.ssl_", "DEFAULT_CIPHERS"): "urllib3<2",
    ("importlib_metadata", "EntryPoints"): "importlib-metadata<5",
    ("flask", "escape"): "flask<3",
    ("jwt", "decode_complete"): "pyjwt>=2",
    ("PIL.Image", "ANTIALIAS"): "pillow<10",
    ("PIL", "_imaging"): "pillow<10",
    ("PIL.Image", "LINEAR"): "pillow<10",
    ("numpy", "float"): "numpy<1.24",
    ("numpy", "int"): "numpy<1.24",
    ("numpy", "bool"): "numpy<1.24",
    ("numpy", "object"): "numpy<1.24",
    ("graphql", "ResolveInfo"): "graphql-core<3",
    ("django_filters", "rest_framework"): "django-filter<25",
    ("bleach", "ALLOWED_STYLES"): "bleach<5",
    ("bleach.sanitizer", "ALLOWED_STYLES"): "bleach<5",
    ("OpenSSL.SSL", "OP_NO_TICKET"): "pyopenssl<24",
    ("lib", "X509_V_FLAG_CB_ISSUER_CHECK"): "pyopenssl>=22",
    ("lib", "X509_V_FLAG_NOTIFY_POLICY"): "pyopenssl>=23.2",
    ("celery.five", "string"): "vine<5",
    ("pydantic", "BaseSettings"): "pydantic<2",
    ("redis.connection", "PythonParser"): "redis<5",
}
MISSING_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'|module '([\w.]+)' has no attribute '(\w+)'")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("ImportError", "AttributeError") if symptom else None
    match = MISSING_NAME.search(fault.text) if fault else None
    if symptom is None or fault is None or match is None:
        return ()
    owner, name = (match[2], match[1]) if match[1] else (match[3], match[4])
    wanted = NAMES.get((owner, name))
    if wanted is None:
        return ()
    where = symptom.where or (fault.frames[-1].where if fault.frames else "")
    what = f"Something needs {owner}.{name}, which the installed version does not have"
    repair = InstallRequirement(wanted, f"{owner}.{name} is needed")
    return (Finding(NAME, what, where, f"Add {wanted} to the dependencies.", repair),)
