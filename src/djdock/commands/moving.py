"""What `init` and `up` do about the rows of a SQLite file that they move a project off: offer to copy them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from djdock import output, state
from djdock.commands import db, replacing
from djdock.commands.description import Project
from djdock.errors import Problem


def offer(project: Project, source: Path | None, *, yes: bool) -> None:
    """Copies the rows of the file that the settings named, where the person wants that; else says how to.

    Args:
        source: that file; None where there is none, or no row in it.
        yes: the person has agreed to everything; then a copy that fails is told, and keeps nothing from going on:
            a file that lies in a repository may be of another time.

    Raises:
        Problem: the copy that the person has asked for has failed. The file is as it was, and the message says how to
            go back to it.
    """
    if source is None:
        return
    root = project.checkout.root
    name = source.relative_to(root).as_posix() if source.is_relative_to(root) else str(source)
    if not (yes or (output.is_asked() and output.confirm(f"Copy the rows of {name} to PostgreSQL?"))):
        tell(name)
        return
    try:
        db.transfer(project, source, db.Options(yes=yes))
    except replacing.Occupied as occupied:
        there = ", ".join(occupied.details.splitlines())
        output.warn(
            f"{occupied.cause} ({there}) To replace what is there by the rows of {name}: "
            f"djdock db copy {name} --into-nonempty"
        )
    except Problem as problem:
        if yes:
            output.warn(f"The rows of {name} were not copied. {problem.cause} To try again: djdock db copy {name}")
            return
        # The next `up` asks again: a database without the rows must not look like a project that has moved.
        state.save(root, replace(state.load(root), proven=False))
        raise Problem(
            problem.cause,
            details=problem.details,
            hint=f"The command for this step alone: djdock db copy {name}\n{problem.hint}\n"
            f"To go on without these rows: djdock up, and say no\n{name} is as it was. To go back to it: djdock undo",
        ) from problem


def tell(name: str) -> None:
    """Says that rows were not copied, and what copies them."""
    output.warn(f"The rows of {name} are not in PostgreSQL yet. To copy them: djdock db copy {name}")
