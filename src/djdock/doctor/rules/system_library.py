"""Libraries of the operating system: https://packages.debian.org/stable/libs/ names them for Debian."""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import InstallRequirement, InstallSystemPackages

NAME = "system-library"
TITLE = "A library of the operating system is missing"
SEEN = (
    "ImportError: libpq.so.5: cannot open shared object file; pg_config executable not found; Could not "
    "find the GDAL library"
)
CAUSE = (
    "A Python package is a thin layer over a C library that has to be installed with the system's own package manager."
)
FIX = "Install the packages that the message names: `apt-get install NAME` on Debian and Ubuntu."
DOES = (
    "Installs psycopg with its library; others it names, and adds to a Dockerfile of djdock's own. "
    "It never installs anything on your machine by itself."
)

# A sign in the text of the linker, of a compiler or of an installer, and what brings it.
LIBRARIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"libpq\.so|pg_config", ("libpq-dev",)),
    (r"libmysqlclient|libmariadb|mysql_config|mysqlclient.*pkg-config", ("default-libmysqlclient-dev", "pkg-config")),
    (r"gdal|libgeos|geos_c", ("gdal-bin", "libgdal-dev", "libgeos-dev")),
    (r"libproj", ("libproj-dev",)),
    (r"spatialite", ("libsqlite3-mod-spatialite",)),
    (r"libpango|libgobject|libharfbuzz", ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
    (r"libcairo|cairo\.h|\bcairo\b", ("libcairo2-dev", "pkg-config")),
    (r"libmagic", ("libmagic1",)),
    (r"libxmlsec1?|xmlsec", ("libxmlsec1-dev", "libxmlsec1-openssl", "pkg-config")),
    (r"libxml2|libxslt|xslt-config", ("libxml2-dev", "libxslt1-dev")),
    (r"libldap|ldap\.h|lber\.h|sasl\.h", ("libldap-dev", "libsasl2-dev")),
    (r"curl-config|libcurl", ("libcurl4-openssl-dev", "libssl-dev")),
    (r"libodbc|sql\.h", ("unixodbc-dev",)),
    (r"libGL\.so", ("libgl1",)),
    (r"libgthread|libglib", ("libglib2.0-0",)),
    (r"jpeglib\.h|libjpeg|headers or library files could not be found for jpeg", ("libjpeg-dev", "zlib1g-dev")),
    (r"zlib\.h", ("zlib1g-dev",)),
    (r"MagickWand|libMagick", ("libmagickwand-dev",)),
    (r"graphviz|cgraph\.h", ("libgraphviz-dev", "pkg-config")),
    (r"ffi\.h|libffi", ("libffi-dev",)),
    (r"Python\.h", ("python3-dev",)),
    (r"libre2|re2\.h", ("libre2-dev",)),
    (r"libzbar", ("libzbar0",)),
    (r"msgfmt", ("gettext",)),
    (
        r"(?:gcc|cc|g\+\+|clang)['\"]?(?: failed)?: No such file|command '\S*gcc'|unable to execute '\S*(?:gcc|cc)'",
        ("build-essential",),
    ),
)
# What says that it is a library that is missing, and not something about it.
MISSING = re.compile(
    r"cannot open shared object file|cannot load library|Could not find the GDAL library|failed to find libmagic|"
    r"no library called|could not find .*librar|Unable to find|not found|fatal error: .*No such file|"
    r"No such file or directory|"
    r"could not be found|unable to execute|Unable to load|command '\S+' failed",
    re.IGNORECASE,
)


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    if symptom is None:
        return ()
    texts = [
        (fault.text, fault.frames[-1].where if fault.frames else "")
        for fault in symptom.faults
        if fault.is_a("OSError", "ImportError", "django.core.exceptions.ImproperlyConfigured")
        and not (fault.frames and fault.frames[-1].own)
        and not fault.is_a("FileNotFoundError", "PermissionError", "ConnectionError")
    ]
    if symptom.step == "install":
        texts.append((symptom.text, ""))
    for text, where in texts:
        if "pq wrapper" in text:  # psycopg 3 without its own copy of the library
            repair = InstallRequirement("psycopg[binary]", "psycopg finds no libpq on this machine")
            what = "psycopg needs the library libpq, which is not on this machine"
            fix = "Ask for psycopg[binary], which brings it; or: sudo apt-get install libpq5"
            return (Finding(NAME, what, symptom.where or where, fix, repair),)
        for line in text.splitlines() if MISSING.search(text) else ():
            for sign, packages in LIBRARIES if MISSING.search(line) else ():
                if re.search(sign, line, re.IGNORECASE):
                    what = f"A library of the operating system is missing: {_short(line)}"
                    fix = f"On Debian and Ubuntu: sudo apt-get install {' '.join(packages)}"
                    return (Finding(NAME, what, symptom.where or where, fix, InstallSystemPackages(packages)),)
    return ()


def _short(line: str) -> str:
    longest = 160
    text = " ".join(line.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
