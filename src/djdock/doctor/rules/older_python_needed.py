"""What newer Pythons have removed (https://docs.python.org/3/whatsnew/3.13.html#removed-modules-and-apis)."""

from __future__ import annotations

import re

from djdock.doctor.case import Case, Finding
from djdock.doctor.repair import InstallRequirement, Repair, UsePython

NAME = "older-python-needed"
TITLE = "Something that newer Pythons have removed"
SEEN = "No module named 'distutils' (or imp, cgi …); cannot import name 'Mapping' from 'collections'"
CAUSE = "Django or a package is from a time when Python still had this module or name."
FIX = "Use an older Python, or a newer version of the package that the traceback ends in."
DOES = "Installs setuptools where that brings the module back; else uses the newest Python that still has it."

# The last minor version of Python 3 that has it.
MODULES = {
    "formatter": 9,
    "parser": 9,
    "symbol": 9,
    "macpath": 7,
    "dummy_threading": 8,
    "_dummy_threading": 8,
    "binhex": 10,
    "imp": 11,
    "asynchat": 11,
    "asyncore": 11,
    "smtpd": 11,
    "aifc": 12,
    "audioop": 12,
    "cgi": 12,
    "cgitb": 12,
    "chunk": 12,
    "crypt": 12,
    "imghdr": 12,
    "lib2to3": 12,
    "mailcap": 12,
    "msilib": 12,
    "nntplib": 12,
    "pipes": 12,
    "sndhdr": 12,
    "spwd": 12,
    "sunau": 12,
    "telnetlib": 12,
    "uu": 12,
    "xdrlib": 12,
}
SETUPTOOLS = {"distutils", "pkg_resources", "setuptools"}
WITHOUT_PKG_RESOURCES = 81  # the version of setuptools that has it no more
NAMES = {
    ("collections", None): 9,
    ("fractions", "gcd"): 8,
    ("math", "gcd"): 13,
    ("inspect", "getargspec"): 10,
    ("inspect", "formatargspec"): 10,
    ("asyncio", "coroutine"): 10,
    ("time", "clock"): 7,
    ("base64", "encodestring"): 8,
    ("base64", "decodestring"): 8,
    ("cgi", "escape"): 7,
    ("html.parser", "HTMLParseError"): 4,
    ("typing", "io"): 12,
    ("locale", "format"): 11,
    ("unittest", "makeSuite"): 12,
    ("pkgutil", "ImpImporter"): 11,
    ("ast", "Str"): 13,
    ("ast", "Num"): 13,
    ("importlib", "find_loader"): 11,
    ("gettext", "lgettext"): 10,
    ("sys", "setcheckinterval"): 8,
    ("xml.etree.cElementTree", None): 8,
    ("configparser", "SafeConfigParser"): 11,
    ("random", "jumpahead"): 9,
    ("ssl", "wrap_socket"): 11,
    ("ssl", "match_hostname"): 11,
    ("re", "template"): 12,
    ("plistlib", "readPlist"): 8,
    ("threading", "_shutdown_locks"): 12,
}
ABSTRACT = {
    "Awaitable",
    "Callable",
    "Container",
    "Generator",
    "Hashable",
    "ItemsView",
    "Iterable",
    "Iterator",
    "KeysView",
    "Mapping",
    "MappingView",
    "MutableMapping",
    "MutableSequence",
    "MutableSet",
    "Sequence",
    "Set",
    "Sized",
    "ValuesView",
}
MISSING_NAME = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'|module '([\w.]+)' has no attribute '(\w+)'")


def find(case: Case) -> tuple[Finding, ...]:
    symptom = case.symptom
    fault = symptom.first("ImportError", "AttributeError") if symptom else None
    if symptom is None or fault is None:
        return ()
    module = fault.attribute("name") if fault.is_a("ModuleNotFoundError") else ""
    top = module.partition(".")[0]
    if top in SETUPTOOLS and case.declared("setuptools") is None:
        why = f"{top} came with Python, and is now a part of setuptools"
        repair: Repair = InstallRequirement(f"setuptools<{WITHOUT_PKG_RESOURCES}", why)
        return (
            Finding(
                NAME,
                f"A package needs the module {top}, and {why}",
                symptom.where,
                f"Add setuptools<{WITHOUT_PKG_RESOURCES} to the dependencies.",
                repair,
            ),
        )
    last, what = MODULES.get(top), f"the module {top}"
    if match := MISSING_NAME.search(fault.text) if not module else None:
        owner, name = (match[2], match[1]) if match[1] else (match[3], match[4])
        last = NAMES.get((owner, name)) or (NAMES[owner, None] if (owner, None) in NAMES and name in ABSTRACT else None)
        what = f"{owner}.{name}"
    if last is None or (case.python and int(case.python.partition(".")[2] or 0) <= last):
        return ()
    frames = fault.frames
    where = symptom.where or (frames[-1].where if frames else "")
    fix = f"Use Python 3.{last}: put 3.{last} into .python-version; or a newer version of what needs it."
    return (
        Finding(
            NAME, f"Something needs {what}, which Python has only up to 3.{last}", where, fix, UsePython(f"3.{last}")
        ),
    )
