"""Runs inside the project's own interpreter: an exception as plain data. Needs nothing but Python 3.6 or newer."""

import traceback
import types

# So that an endless recursion stays a short report.
FIRST_FRAMES, LAST_FRAMES, LONGEST_CHAIN, LONGEST_TEXT = 60, 140, 20, 20000
# What exceptions say about themselves besides their text.
ATTRIBUTES = (
    *("name", "name_from", "path", "filename", "filename2", "errno", "strerror", "lineno", "msg", "text"),
    *("sqlstate", "pgcode", "code", "returncode", "var_name"),
)


def describe(error: BaseException) -> "dict[str, object]":
    """An exception and those that caused it, the one that was raised last first: what JSON can hold."""
    faults = []  # type: list[dict[str, object]]
    seen = set()
    current = error  # type: BaseException | None
    while current is not None and id(current) not in seen and len(faults) < LONGEST_CHAIN:
        seen.add(id(current))
        faults.append(_fault(current))
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return {"faults": faults}


def _fault(error: BaseException) -> "dict[str, object]":
    attributes = {}  # type: dict[str, object]
    for name in ATTRIBUTES:
        value = getattr(error, name, None)
        if isinstance(value, (str, int)):
            attributes[name] = value
        elif value is not None and hasattr(value, "__fspath__"):
            attributes[name] = str(value)
    attributes["args"] = [value if isinstance(value, (str, int)) else repr(value)[:500] for value in error.args[:10]]
    owner = getattr(error, "obj", None)
    attributes["owner"] = getattr(owner, "__name__", type(owner).__name__) if owner is not None else ""
    migration = _migration(error)
    if migration:
        attributes["migration"] = migration
    frames = [[frame.f_code.co_filename, line, frame.f_code.co_name] for frame, line in _walk(error)]
    if len(frames) > FIRST_FRAMES + LAST_FRAMES:
        frames = frames[:FIRST_FRAMES] + frames[-LAST_FRAMES:]
    return {
        "type": _name(type(error)),
        "bases": [_name(base) for base in type(error).__mro__[1:]],
        "text": _text(error),
        "attributes": attributes,
        "frames": frames,
    }


def _walk(error: BaseException) -> "list[tuple[types.FrameType, int]]":
    return list(traceback.walk_tb(error.__traceback__))


def _migration(error: BaseException) -> str:
    """The migration that was being applied: Django's executor has it in a local variable."""
    for frame, _line in _walk(error):
        if frame.f_code.co_name == "apply_migration":
            found = frame.f_locals.get("migration")
            return "{}.{}".format(getattr(found, "app_label", ""), getattr(found, "name", ""))
    return ""


def _name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _text(error: BaseException) -> str:
    try:
        return str(error)[:LONGEST_TEXT]
    except Exception:
        return ""
