"""Copies from SQLite to PostgreSQL, by djdock and by what people use else: who is how fast, and who is right.

    python -m benchmarks copy [--rows N …] [--contenders NAME …] [--runs N] [--files FOLDER] [--place FOLDER] [--write]
    python -m benchmarks copy --scaling --rows 100000 1000000 10000000 …

The files are made once, and kept where `--files` names a folder.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine, results
from benchmarks.copying import dataset, report, server, turns
from benchmarks.copying.contenders import BY_NAME, djdock_db_copy, fixtures
from benchmarks.copying.dataset import Dataset
from benchmarks.copying.installation import Installation, install, known_to_djdock
from benchmarks.copying.report import Figures
from benchmarks.copying.turns import Arena, Result
from benchmarks.place import run, workplace

TITLE = "From SQLite to PostgreSQL"
SCALING_TITLE = "From SQLite to PostgreSQL: ever more rows"
ROWS = (20_000, 1_000_000)
SCALING_ROWS = (100_000, 1_000_000)
INTERRUPTED = 130


def main(words: Sequence[str]) -> int:
    """Makes the files, has them copied, and prints the tables; the exit code."""
    arguments = _arguments(words)
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has started us in the background
        signal.signal(number, signal.default_int_handler)
    try:
        text = _measured(arguments, " ".join(_shown(words)))
    except KeyboardInterrupt:
        print("Interrupted; all that ran was taken away.", file=sys.stderr)
        return INTERRUPTED
    if text:
        print(text)
    if text and arguments.write:
        results.write("copy scaling" if arguments.scaling else "copy", text)
    return 0


def _measured(arguments: argparse.Namespace, how: str) -> str:
    """The results; none where only files were wanted."""
    with _folder(arguments.files) as files:
        project = install(files / "project")
        made = [dataset.make(project, files, total) for total in (0, *arguments.rows)]
        for data in made[1:]:
            print(f"{data.file}: {data.rows} rows, {data.bytes / 1e6:.0f} MB", file=sys.stderr)
        if arguments.only_files:
            return ""
        where = machine.describe()
        with (
            known_to_djdock(project),
            workplace(arguments.place) as place,
            server.running(place / "server", project) as running,
        ):
            arena = Arena(project, running, files, arguments.cap * 60)
            where = f"{where} {_versions(project)} PostgreSQL's files are on {server.file_system(place)}."
            tables = _scaling(arena, made, arguments) if arguments.scaling else _contest(arena, made, arguments)
    return results.section(SCALING_TITLE if arguments.scaling else TITLE, f"copy {how}".strip(), where, tables)


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks copy", description=about)
    parser.add_argument("--rows", nargs="+", type=int, metavar="N", help=f"rows of each file (default: {_list(ROWS)})")
    parser.add_argument(
        "--contenders", nargs="+", choices=[*BY_NAME], default=[*BY_NAME], metavar="NAME",
        help=f"only these: {_list(BY_NAME)}",
    )  # fmt: skip
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="turns of each contender (default: 3)")
    parser.add_argument("--scaling", action="store_true", help="djdock alone, as the number of rows grows")
    parser.add_argument("--cap", type=float, default=10, metavar="MINUTES", help="when loaddata is ended (default: 10)")
    parser.add_argument("--files", type=Path, metavar="FOLDER", help="keeps the files that are made, for the next run")
    parser.add_argument(
        "--place", type=Path, metavar="FOLDER", help="where PostgreSQL's files are to lie (default: on the disk)"
    )
    parser.add_argument("--only-files", action="store_true", help="make the files, and measure nothing")
    parser.add_argument("--write", action="store_true", help=f"put the results into {results.FILE.name}")
    found = parser.parse_args(words)
    found.rows = found.rows or (SCALING_ROWS if found.scaling else ROWS)
    return found


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is None:
        with workplace() as folder:
            yield folder
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()


def _contest(arena: Arena, made: Sequence[Dataset], arguments: argparse.Namespace) -> str:
    nothing, *files = made
    contenders = [BY_NAME[name] for name in arguments.contenders]
    empty = turns.take_large(arena, nothing, djdock_db_copy, 1) if djdock_db_copy in contenders else None
    taken: list[Figures] = []
    for data in files:
        found = {result.contender.NAME: result for result in turns.take(arena, data, contenders, arguments.runs)}
        taken.append(Figures(data.rows, data.bytes, found, _imports(empty, data), _estimate(found, taken)))
    return "\n\n".join(map(report.table, taken))


def _imports(nothing: Result | None, data: Dataset) -> float | None:
    """What djdock has resident with nothing to copy, with as many processes as read such a file."""
    if nothing is None or nothing.failure:
        return None
    return nothing.median(lambda cost: cost.own_memory) + djdock_db_copy.idle_readers(data.file)


def _estimate(found: Mapping[str, Result], earlier: Sequence[Figures]) -> float | None:
    """For fixtures that were ended: by those of a smaller file that were not."""
    ended = found.get(fixtures.NAME)
    whole = next((result for figures in earlier if (result := figures.whole(fixtures.NAME))), None)
    if ended is None or whole is None or not ended.failure or not ended.attempts[0].objects:
        return None
    return fixtures.estimate(whole.attempts[0], ended.attempts[0])


def _scaling(arena: Arena, made: Sequence[Dataset], arguments: argparse.Namespace) -> str:
    nothing, *files = (turns.take_large(arena, data, djdock_db_copy, arguments.runs) for data in made)
    if failure := next((result.failure for result in (nothing, *files) if result.failure), ""):
        return f"`djdock db copy` did not come to its end: {failure}"
    figures = [
        Figures(data.rows, data.bytes, {djdock_db_copy.NAME: result}, _imports(nothing, data))
        for data, result in zip(made[1:], files, strict=True)
    ]
    return report.growth(figures, nothing)


def _versions(project: Installation) -> str:
    django = run([project.python, "-c", "import django; print(django.__version__)"], project.root).strip()
    parts = [f"The project's Django is {django}."]
    with contextlib.suppress(FileNotFoundError):
        if told := re.search(r'"(.+)"', run(["pgloader", "--version"], project.root)):
            parts.append(f"pgloader {told[1]}.")
    return " ".join(parts)


def _shown(words: Sequence[str]) -> list[str]:
    """The options without the folders of this machine."""
    hidden = {number for number, word in enumerate(words) if word in {"--files", "--place"}}
    hidden |= {number + 1 for number in hidden}
    return [word for number, word in enumerate(words) if number not in hidden and word != "--write"]


def _list(names: Sequence[object] | Mapping[str, object]) -> str:
    return ", ".join(map(str, names))
