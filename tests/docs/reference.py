"""Writes docs/reference/commands.md from the commands themselves: `make docs`. A test keeps the two equal."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from djdock.cli import cli

BAR = "\\|"  # one that does not end a cell
PAGE = Path(__file__).parents[2] / "docs/reference/commands.md"
HEAD = """\
# Commands

Every command works from any folder of the project. `djdock COMMAND --help` shows what this page says.

| command | does |
|---|---|
"""
TAIL = """\
## Options of djdock itself

They come before the command: `djdock --no-color status`

{options}
## Output

Results go to standard output, progress and problems to standard error. Colours and progress are shown in terminals
only; `NO_COLOR=1` (any value) leaves colours out there too.

The first word of a line says what happened: `create`, `change`, `remove`, `repair`, `copy`, `start`, `stop`,
`migrate`; `same` and `skip` mean that nothing did; `conflict` means that you have to choose. `found` and `engine` say
what djdock goes by, `works` what it has tried, `ready` where the site answers.

`djdock status --json` is for programs:

```json
{{
  "engine": "embedded",
  "url": "http://127.0.0.1:8000/",
  "postgres": {{"version": "18.6", "host": "127.0.0.1", "port": 17783, "database": "blog", "user": "blog"}},
  "services": [{{"name": "db", "state": "running", "health": "healthy", "exit_code": null}}],
  "project": {{"root": "/home/ada/blog", "name": "blog"}}
}}
```

`url` is null while the site is down, `version` while the database is, `engine` before the first `djdock up`.

`djdock init --json` prints [what was found and what is to change](files.md#what-init---json-prints), and
`djdock doctor --json` [what it finds](../how-to/doctor.md#in-ci). `djdock db copy --json` prints the
[report of a copy](../how-to/move-from-sqlite.md#the-report).

## Completion

After this, the tab key completes commands and options. bash, in `~/.bashrc`:

```bash
eval "$(djdock completion bash)"
```

zsh, in `~/.zshrc`, below the line with `compinit`:

```zsh
eval "$(djdock completion zsh)"
```

fish, once:

```
djdock completion fish > ~/.config/fish/completions/djdock.fish
```

## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | a problem that you can do something about; the message says what |
| 2 | the command line is wrong |
| 3 | a bug in djdock; please report the lines it prints |
| 130 | interrupted with Ctrl-C; nothing is half done |
| 143 | ended by a signal; nothing is half done |

Some commands also end with 1 when all went well and there is something to know: `init` where lines of a file are in
conflict, `init --dry-run --check` where something would change, `undo` where files are kept that you have edited,
`doctor` where something is found.

`manage`, `run`, `shell`, `psql` and `test` end with the exit code of the program that they run.

## Variables

| variable | does |
|---|---|
| `NO_COLOR` | with any value: no colours |
| `DJDOCK_TIMEOUT` | how many seconds a site may take until its first page is answered; 90 if it is not set |
| `DJDOCK_CACHE_DIR` | where PostgreSQL is kept for the engine `embedded`, instead of the user's cache folder |
| `DOCKER_HOST` and others | Docker's own variables are passed on |
| `DJANGO_SUPERUSER_PASSWORD` and others | passed on to `djdock manage createsuperuser --noinput` |
"""


def page() -> str:
    """The page as it should be."""
    commands = {name: command for name, command in typed() if not command.hidden}
    rows = "".join(
        f"| [`{name}`](#djdock-{name.replace(' ', '-')}) | {command.get_short_help_str(200)} |\n"
        for name, command in commands.items()
    )
    sections = "\n".join(section(name, command) for name, command in commands.items())
    return f"{HEAD}{rows}\n{sections}\n{TAIL.format(options=options(cli))}"


def typed() -> Iterator[tuple[str, click.Command]]:
    """The commands as they are typed; those of a group one by one."""
    for name, command in cli.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", one) for below, one in command.commands.items())
        else:
            yield name, command


def section(name: str, command: click.Command) -> str:
    pieces = command.collect_usage_pieces(click.Context(command, info_name=name))
    usage = " ".join(["djdock", name, *(pieces if options(command) else pieces[1:])])
    text = "\n\n".join(paragraphs(inspect.cleandoc(command.help or "")))
    return f"## djdock {name}\n\n```text\n{usage}\n```\n\n{text}\n\n{options(command)}".rstrip() + "\n"


def paragraphs(text: str) -> Iterator[str]:
    """The paragraphs of a help text; one that keeps its lines (click marks it with \\b) becomes a block."""
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b"):
            yield f"```\n{paragraph.removeprefix(chr(8)).strip()}\n```"
        else:
            yield " ".join(paragraph.split())


def options(command: click.Command) -> str:
    context = click.Context(command, info_name=command.name)
    records = [
        record
        for option in command.params
        if isinstance(option, click.Option) and (record := option.get_help_record(context)) is not None
    ]
    rows = "".join(f"| `{name.replace('|', BAR)}` | {text} |\n" for name, text in records)
    return f"| option | does |\n|---|---|\n{rows}" if records else ""


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
