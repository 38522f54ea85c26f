"""Debian packages that Python distributions need, to be built and to run, by Debian release.

Most distributions bring what they need in their wheel; those are not named here, or only for versions that are older
than the wheels for the Python in use. Sources: each project's own installation page, and Debian's package index, which
the tests ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from djdock.project import wheels
from djdock.project.dependency import Dependency

# The newest Debian release that the official image python:X.Y-slim-RELEASE is built on, by Python version; newer
# Pythons are built on the last one. https://github.com/docker-library/official-images/blob/master/library/python
RELEASES: dict[wheels.Numbers, str] = {(3, 6): "bullseye", (3, 7): "bookworm", (3, 8): "bookworm"}
NEWEST = "trixie"
# What compiles C and C++; only the stage that installs has it.
COMPILER = "build-essential"


@dataclass(frozen=True)
class Need:
    """What a distribution needs.

    Attributes:
        build: to compile it, beside a compiler; by itself no package is needed.
        run: when it was compiled here, because its wheel would have brought these libraries.
        always: even with its wheel: programs and libraries that it calls.
        compiled: it has no wheels for Linux at all, or none of this version for this Python.
    """

    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    always: tuple[str, ...] = ()
    compiled: bool = False


@dataclass(frozen=True)
class SystemPackages:
    """Debian packages for an image.

    Attributes:
        build: for the stage that installs Python packages.
        runtime: for the stages that run the site.
        why: the distributions that need each package.
    """

    build: tuple[str, ...] = ()
    runtime: tuple[str, ...] = ()
    why: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


GEO = ("lib:gdal", "lib:geos", "lib:proj")
CAIRO = ("libcairo2",)
PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
XML_BUILD, XML_RUN = ("libxml2-dev", "libxslt1-dev"), ("libxml2", "libxslt1.1")
XMLSEC = Need(build=("libxml2-dev", "libxmlsec1-dev", "pkg-config"), run=("libxml2", "lib:xmlsec"), compiled=True)
PYCAIRO = Need(build=("libcairo2-dev", "pkg-config"), run=CAIRO, compiled=True)
LDAP = Need(build=("libldap-dev", "libsasl2-dev"), run=("lib:ldap", "libsasl2-2"), compiled=True)
LIBPQ = Need(build=("libpq-dev",), run=("libpq5",), compiled=True)
OPENCV = Need(always=("libgl1", "lib:glib"))
OCR = Need(always=("tesseract-ocr",))
FFMPEG = Need(always=("ffmpeg",))
BARE = Need(compiled=True)

DISTRIBUTIONS: dict[str, Need] = {
    # Databases and caches
    "psycopg2": LIBPQ,
    "psycopg-c": LIBPQ,
    "psycopg": Need(always=("libpq5",)),
    "psycopg2-binary": Need(build=("libpq-dev",), run=("libpq5",)),
    "mysqlclient": Need(build=("default-libmysqlclient-dev", "pkg-config"), run=("libmariadb3",), compiled=True),
    "pyodbc": Need(build=("unixodbc-dev",), always=("unixodbc",)),
    "mssql-django": Need(always=("unixodbc",)),
    "pylibmc": Need(build=("libmemcached-dev", "zlib1g-dev"), run=("lib:memcached",)),
    "uwsgi": BARE,
    # Images
    "pillow": Need(
        build=("libjpeg62-turbo-dev", "zlib1g-dev", "libfreetype-dev", "libwebp-dev", "libtiff-dev"),
        run=("libjpeg62-turbo", "zlib1g", "libfreetype6", "lib:webp", "lib:tiff"),
    ),
    "wand": Need(always=("lib:magickwand",)),
    "opencv-python": OPENCV,
    "opencv-contrib-python": OPENCV,
    "pyzbar": Need(always=("lib:zbar",)),
    "cairocffi": Need(always=CAIRO),
    "cairosvg": Need(always=CAIRO),
    "pycairo": PYCAIRO,
    "rlpycairo": PYCAIRO,
    "xhtml2pdf": PYCAIRO,
    "pygraphviz": Need(
        build=("libgraphviz-dev", "pkg-config"), run=("libgvc6", "graphviz"), always=("graphviz",), compiled=True
    ),
    "graphviz": Need(always=("graphviz",)),
    "pydot": Need(always=("graphviz",)),
    # Documents, sound and film
    "weasyprint": Need(always=PANGO),
    "django-weasyprint": Need(always=PANGO),
    "pdf2image": Need(always=("poppler-utils",)),
    "pdftotext": Need(build=("libpoppler-cpp-dev", "pkg-config"), run=("lib:poppler-cpp",), compiled=True),
    "pytesseract": OCR,
    "tesserocr": OCR,
    "ocrmypdf": Need(always=("tesseract-ocr", "ghostscript")),
    "textract": Need(always=("antiword", "poppler-utils", "tesseract-ocr", "unrtf")),
    "ffmpeg-python": FFMPEG,
    "pydub": FFMPEG,
    "django-video-encoding": FFMPEG,
    "openai-whisper": FFMPEG,
    "soundfile": Need(always=("libsndfile1",)),
    "python-magic": Need(always=("lib:magic",)),
    # Markup, cryptography and directories
    "lxml": Need(build=XML_BUILD, run=XML_RUN),
    "xmlsec": XMLSEC,
    "python3-saml": XMLSEC,
    "djangosaml2": Need(always=("xmlsec1",)),
    "pysaml2": Need(always=("xmlsec1",)),
    "python-ldap": LDAP,
    "django-auth-ldap": LDAP,
    "cffi": Need(build=("libffi-dev",), run=("lib:ffi",)),
    # One wheel for all Pythons (abi3) since 2.0; the releases that Rust builds came after that.
    "cryptography": Need(build=("libffi-dev", "libssl-dev"), run=("lib:ffi",)),
    "pycurl": Need(build=("libcurl4-openssl-dev", "libssl-dev"), run=("lib:curl",)),
    "gssapi": Need(build=("libkrb5-dev",), run=("libgssapi-krb5-2",), compiled=True),
    "m2crypto": Need(build=("libssl-dev", "swig"), compiled=True),
    # Places
    "gdal": Need(build=("libgdal-dev",), run=GEO, compiled=True),
    "django-leaflet": Need(always=GEO),
    "djangorestframework-gis": Need(always=GEO),
}
# Needs of a project that no distribution tells.
FEATURES: dict[str, tuple[str, ...]] = {
    "gis": GEO,
    "spatialite": ("lib:spatialite",),
    "gettext": ("gettext",),
    "wkhtmltopdf": ("wkhtmltopdf",),
}
# Names that change with the release. `lib:` stands before those that are called alike in no release.
NAMES: dict[str, dict[str, str]] = {
    "lib:gdal": {"bullseye": "libgdal28", "bookworm": "libgdal32", "trixie": "libgdal36"},
    "lib:geos": {"bullseye": "libgeos-c1v5", "bookworm": "libgeos-c1v5", "trixie": "libgeos-c1t64"},
    "lib:proj": {"bullseye": "libproj19", "bookworm": "libproj25", "trixie": "libproj25"},
    "lib:spatialite": dict.fromkeys(("bullseye", "bookworm", "trixie"), "libsqlite3-mod-spatialite"),
    "lib:ldap": {"bullseye": "libldap-2.4-2", "bookworm": "libldap-2.5-0", "trixie": "libldap2"},
    "libldap-dev": {"bullseye": "libldap2-dev"},
    "libharfbuzz-subset0": {"bullseye": ""},
    "lib:magic": {"bullseye": "libmagic1", "bookworm": "libmagic1", "trixie": "libmagic1t64"},
    "lib:magickwand": {
        "bullseye": "libmagickwand-6.q16-6",
        "bookworm": "libmagickwand-6.q16-6",
        "trixie": "libmagickwand-7.q16-10",
    },
    "lib:curl": {"bullseye": "libcurl4", "bookworm": "libcurl4", "trixie": "libcurl4t64"},
    "lib:memcached": {"bullseye": "libmemcached11", "bookworm": "libmemcached11", "trixie": "libmemcached11t64"},
    "lib:xmlsec": {
        "bullseye": "libxmlsec1-openssl",
        "bookworm": "libxmlsec1-openssl",
        "trixie": "libxmlsec1t64-openssl",
    },
    "lib:glib": {"bullseye": "libglib2.0-0", "bookworm": "libglib2.0-0", "trixie": "libglib2.0-0t64"},
    "lib:zbar": {"bullseye": "libzbar0", "bookworm": "libzbar0", "trixie": "libzbar0t64"},
    "lib:webp": {"bullseye": "libwebp6", "bookworm": "libwebp7", "trixie": "libwebp7"},
    "lib:tiff": {"bullseye": "libtiff5", "bookworm": "libtiff6", "trixie": "libtiff6"},
    "lib:ffi": {"bullseye": "libffi7", "bookworm": "libffi8", "trixie": "libffi8"},
    "lib:poppler-cpp": {"bullseye": "libpoppler-cpp0v5", "bookworm": "libpoppler-cpp0v5", "trixie": "libpoppler-cpp2"},
    "wkhtmltopdf": {"trixie": ""},
}
# Names from older releases that a Dockerfile may still have, and what they are called here.
FORMER: dict[str, str] = {
    "libgl1-mesa-glx": "libgl1",
    "libpango1.0-0": "libpango-1.0-0",
    "libmagic1": "lib:magic",
    "libmagic-dev": "lib:magic",
    "libglib2.0-0": "lib:glib",
    "libzbar0": "lib:zbar",
    "libcairo2-dev": "libcairo2",
    "imagemagick": "imagemagick",
    "gdal-bin": "lib:gdal",
    "libgdal-dev": "lib:gdal",
    "libgeos-dev": "lib:geos",
    "binutils": "binutils",
    "libproj-dev": "lib:proj",
    "libxmlsec1-dev": "lib:xmlsec",
}


def release(python: str) -> str:
    """The Debian release that an image for a Python version `X.Y` builds on."""
    return RELEASES.get(wheels.numbers(python), NEWEST)


def needs(dependencies: Iterable[Dependency], python: str, features: Iterable[str] = ()) -> SystemPackages:
    """What an image for a Python version `X.Y` needs of Debian; `features` are keys of `FEATURES`.

    Where the version of a distribution is not known, it is taken to be one that has a wheel.
    """
    debian, there = release(python), {dependency.name: dependency for dependency in dependencies}
    build: dict[str, set[str]] = {}
    runtime: dict[str, set[str]] = {}
    for name, dependency in there.items():
        need = DISTRIBUTIONS.get(name, Need())
        if f"{name}-binary" in there:
            continue
        compiled = need.compiled or not wheels.has(name, dependency.locked, wheels.numbers(python))
        for package in (COMPILER, *need.build) if compiled else ():
            build.setdefault(package, set()).add(name)
        for package in (*need.always, *(need.run if compiled else ())):
            runtime.setdefault(package, set()).add(name)
    for feature in features:
        for package in FEATURES.get(feature, ()):
            runtime.setdefault(package, set()).add(feature)
    return SystemPackages(_sorted(build, debian), _sorted(runtime, debian), _why((build, runtime), debian))


def _why(tables: Iterable[Mapping[str, set[str]]], debian: str) -> dict[str, tuple[str, ...]]:
    """Who needs which package, by the name that it has in a release."""
    found: dict[str, set[str]] = {}
    for table in tables:
        for package, who in table.items():
            if (name := named(package, debian)) is not None:
                found.setdefault(name, set()).update(who)
    return {name: tuple(sorted(who)) for name, who in sorted(found.items())}


def carried_over(packages: Iterable[str], python: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to do with packages that another Dockerfile installs: those to install too, and those that only it knows.

    Compilers and headers are not among either: what needs them is known from the dependencies.
    """
    debian = release(python)
    known = {package for need in DISTRIBUTIONS.values() for package in (*need.run, *need.always)}
    known |= {package for packages_ in FEATURES.values() for package in packages_}
    install: set[str] = set()
    unknown: list[str] = []
    for package in packages:
        key = FORMER.get(package, package)
        if key in known or key in {"imagemagick", "binutils"}:
            if there := named(key, debian):
                install.add(there)
        elif not _is_tool(package):
            unknown.append(package)
    return tuple(sorted(install)), tuple(dict.fromkeys(unknown))


def named(package: str, debian: str) -> str | None:
    """What a package is called in a Debian release, or None where the release does not need it or has it not."""
    return NAMES.get(package, {}).get(debian, package) or None


def every_name(debian: str) -> tuple[str, ...]:
    """All packages that the table may ask a Debian release for."""
    keys = {package for need in DISTRIBUTIONS.values() for package in (*need.build, *need.run, *need.always)}
    keys |= {package for packages in FEATURES.values() for package in packages} | set(FORMER.values()) | {COMPILER}
    return tuple(sorted(name for key in keys if (name := named(key, debian))))


def _is_tool(package: str) -> bool:
    """Whether a package only compiles, downloads, unpacks or waits: nothing of it is needed when the site runs."""
    return bool(
        re.fullmatch(
            r".*-dev|.*-dev-.*|gcc.*|g\+\+.*|make|build-essential|musl.*|pkg-config|curl|wget|git|netcat.*|nc|gnupg2?|"
            r"ca-certificates|apt-transport-https|apt-utils|software-properties-common|dirmngr|lsb-release|sudo|gosu|"
            r"procps|vim|nano|less|htop|unzip|zip|tar|xz-utils|bash|tini|dumb-init|locales|tzdata|openssl|dos2unix|"
            r"postgresql-client.*|libpq5|default-mysql-client|mariadb-client|redis-tools|python3.*|nodejs|npm|yarn|"
            r"mime-support|media-types|supervisor|cron|nginx|iputils-ping|dnsutils|telnet|openssh-client|rsync|jq|tree|"
            r"cmake|autoconf|automake|libtool|rustc|cargo|swig|rlwrap|patch|file|lsof|strace|watchman|entr|ssh",
            package,
        )
    )


def _sorted(packages: Iterable[str], debian: str) -> tuple[str, ...]:
    return tuple(sorted({name for package in packages if (name := named(package, debian))}))
