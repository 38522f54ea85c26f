"""Serves one site by many servers, and counts: who answers how many requests, how fast, with how much memory.

python -m benchmarks serving [--runs N] [--seconds S] [--connections N] [--without-tutorial] [--write]
python -m benchmarks serving --choices [QUESTION …] …
python -m benchmarks serving --robustness
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine, results
from benchmarks.place import workplace
from benchmarks.serving import contest, report, robustness, site, stage
from benchmarks.serving.contest import STATIC, Contender
from benchmarks.serving.report import LIMIT, QUERY, Names
from benchmarks.serving.site import Images
from benchmarks.serving.stage import Container, Stage
from benchmarks.serving.variants import DEFAULTS, QUESTIONS, ROBUSTNESS, Question, Variant
from djdock.compose import availability
from djdock.plan.production import caddy
from djdock.plan.production.release import CADDYFILE, Release
from tests import caddy_image

TITLES = {
    "serving": "Serving",
    "serving choices": "Serving: servers and settings",
    "serving robustness": "Serving: when something goes wrong",
}
OURS, TUTORIAL = "djdock's image, as it starts", "the tutorial's: `runserver`"
PROXIED = "… behind its proxy, Caddy"
INTERRUPTED = 130


def main(words: Sequence[str]) -> int:
    """Builds, serves, asks, and prints the tables; the exit code."""
    arguments = _arguments(words)
    if obstacle := availability.obstacle():
        print(f"serving: left out. {obstacle.cause}", file=sys.stderr)
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell has started us in the background
        signal.signal(number, signal.default_int_handler)
    try:
        text = _measured(arguments)
    except KeyboardInterrupt:
        print("Interrupted; all that ran was taken away.", file=sys.stderr)
        return INTERRUPTED
    how = f"serving {' '.join(word for word in words if word != '--write')}".strip()
    part = (
        "serving choices"
        if arguments.choices is not None
        else "serving robustness"
        if arguments.robustness
        else "serving"
    )
    text = results.section(TITLES[part], how, arguments.where, text)
    print(text)
    if arguments.write:
        results.write(part, text)
    return 0


@dataclass(frozen=True)
class Plan:
    """How often and how long each contender is asked."""

    runs: int
    seconds: float


def _arguments(words: Sequence[str]) -> argparse.Namespace:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks serving", description=about)
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="turns of each contender (default: 3)")
    parser.add_argument("--seconds", type=float, default=5, metavar="S", help="each page in a turn (default: 5)")
    parser.add_argument("--connections", type=int, default=16, metavar="N", help="clients at once (default: 16)")
    parser.add_argument("--without-tutorial", action="store_true", help="leave the tutorial's project out")
    parser.add_argument(
        "--choices", nargs="*", choices=[*QUESTIONS], metavar="QUESTION",
        help=f"servers and settings side by side instead: {', '.join(QUESTIONS)}; else all",
    )  # fmt: skip
    parser.add_argument("--robustness", action="store_true", help="stop and disturb the servers instead")
    parser.add_argument("--write", action="store_true", help=f"put the results into {results.FILE.name}")
    found = parser.parse_args(words)
    found.where = ""
    return found


def _measured(arguments: argparse.Namespace) -> str:
    arguments.where = machine.describe()
    comparing = arguments.choices is not None or arguments.robustness
    plan = Plan(arguments.runs, arguments.seconds)
    with (
        workplace() as folder,
        site.ours(folder / "ours", comparison=comparing) as images,
        stage.opened(arguments.connections) as where,
    ):
        where.once(images.production, "python", "manage.py", "migrate", "--verbosity=0")
        if arguments.robustness:
            return _examined(where, images)
        if comparing:
            questions = [QUESTIONS[name] for name in arguments.choices or QUESTIONS]
            return "\n\n".join(_answers(where, images, question, plan) for question in questions)
        with _contenders(where, images, folder, tutorial=not arguments.without_tutorial) as contenders:
            return _compared(where, images, contenders, plan)


@contextmanager
def _contenders(where: Stage, images: Images, folder: Path, *, tutorial: bool) -> Iterator[list[Contender]]:
    with ExitStack() as exits:
        found = []
        if tutorial:
            made = exits.enter_context(site.theirs(folder / "tutorial"))
            other = where.admitted(f"{made.name}-web-1", f"{made.name}_default", f"{made.name}-db-1")
            found.append(Contender(TUTORIAL, exits.enter_context(other)))
        found.append(_served(where, images.production, "django_project.wsgi", DEFAULTS))
        found.append(Contender(OURS, where.start(images.production, {})))
        found.append(Contender(PROXIED, _proxied(where, images, folder)))
        yield found


def _proxied(where: Stage, images: Images, folder: Path) -> Container:
    """Behind Caddy, without TLS: what would be measured with it is the client."""
    caddyfile = folder / CADDYFILE
    caddyfile.write_text(caddy.text(Release("blog", ())))
    return where.behind_proxy(where.start(images.production, {}), caddy_image.ensure(), caddyfile)


def _compared(where: Stage, images: Images, contenders: Sequence[Contender], plan: Plan) -> str:
    pages = (QUERY, LIMIT, STATIC)
    found = contest.take(where.generator, contenders, pages, plan.runs, plan.seconds)
    titles = [contender.title for contender in contenders]
    names = Names(OURS, TUTORIAL if TUTORIAL in titles else "")
    goals = "\n".join(map(str, report.goals(found, names)))
    parts = (
        *report.tables(found, pages, titles[0]),
        _alone(where, images),
        report.memory(found),
        f"Goals:\n\n{goals}",
    )
    return "\n\n".join(parts)


def _alone(where: Stage, images: Images) -> str:
    """Django's own work, after the last turn: every server stands still."""
    said = where.once(images.production, "python", "-m", "posts.alone", QUERY, LIMIT)
    return report.alone(*(float(word) / 1000 for word in said.split()))


def _answers(where: Stage, images: Images, question: Question, plan: Plan) -> str:
    contenders = [_served(where, images.comparison, images.wsgi, variant) for variant in question.variants]
    found = contest.take(where.generator, contenders, question.pages, plan.runs, plan.seconds)
    tables = report.tables(found, question.pages, contenders[0].title)
    for contender in contenders:
        where.remove(contender.container)
    return "\n\n".join((f"#### {question.title}", *tables, report.memory(found)))


def _served(where: Stage, image: str, wsgi: str, variant: Variant) -> Contender:
    return Contender(variant.title, where.start(image, variant.environment, variant.command(wsgi)))


def _examined(where: Stage, images: Images) -> str:
    """What each server does when something goes wrong."""

    def server(variant: Variant) -> Callable[[], Container]:
        return lambda: where.start(images.comparison, variant.environment, variant.command(images.wsgi))

    makers: dict[str, Callable[[], Container]] = {OURS: lambda: where.start(images.production, {})}
    makers |= {variant.title: server(variant) for variant in ROBUSTNESS}
    return robustness.table({title: robustness.examine(make, where.remove) for title, make in makers.items()})
