"""Does what a page says, block by block, as a reader would."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests import tools
from tests.docs import markdown, terminal

PASSWORD = "correct horse battery staple"
ANSWERS = (("Username", "ada"), ("Email", "ada@example.org"), ("Password: ", PASSWORD), ("(again): ", PASSWORD))
# Without a Docker engine `up` runs on the embedded one; a browser would open a window.
ENVIRONMENT = {
    "DOCKER_HOST": "unix:///nowhere/docker.sock",
    "BROWSER": "true",
    "PATH": f"{tools.DJDOCK.parent}{os.pathsep}{os.environ['PATH']}",
    **{f"GIT_{who}_{what}": "ada@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
# What readers type beside djdock.
PROGRAMS = {"mkdir", "git", "uvx", "kubectl"}
CHANGING = re.compile(r"127\.0\.0\.1:\d+|^ +engine .*\n|^ +change  \.env: WEB_PORT.*\n", re.MULTILINE)
# Stands for what a page leaves out.
GAP = re.compile(r"[ \t]*…\n?")
# How a page says that a command ends with a problem.
EXPECTED = re.compile(r"# exit code (\d+)$")


@dataclass
class Reader:
    """Somebody who follows a page.

    Attributes:
        folder: where the reader is.
        shown: what the commands wrote, one after the other.
    """

    folder: Path
    shown: list[str] = field(default_factory=list)

    @property
    def project(self) -> tools.Project:
        return tools.Project(self.folder)

    @property
    def last(self) -> str:
        return self.shown[-1]

    def follow(self, blocks: list[tuple[str, str]]) -> None:
        """Types the commands, writes the files, compares the output that is shown."""
        for language, block in blocks:
            if language in {"python", "text"}:
                self.write(block)
            elif language == "diff":
                self.patch(block)
            elif block.startswith(" "):
                assert is_shown(block, self.last), f"{self.last}\nis not\n{block}"
            elif not language:
                for line in block.splitlines():
                    self.type(line)

    def type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if words[:1] == ["cd"]:
            self.folder = (self.folder / words[1]).resolve()
        elif words[:1] and words[0] in PROGRAMS:
            self.shown.append(tools.run(list(words), self.folder, env=ENVIRONMENT).ok().out)
        elif words[:1] == ["djdock"]:
            expected = EXPECTED.search(line)
            self.shown.append(self.djdock(words[1:]) if expected is None else self.refused(words[1:], int(expected[1])))
            if words[1] == "new":
                self.choose_port(self.folder / words[2])

    def djdock(self, words: list[str]) -> str:
        if words[-1] == "createsuperuser":
            argv: list[str | Path] = [tools.DJDOCK, *words]
            return terminal.run(argv, self.folder, env=ENVIRONMENT, answers=ANSWERS).ok().out
        if "-f" in words:
            return self.interrupted(words)
        if words[0] == "up" and not (self.folder / ".env").exists():
            words = [*words, "--port", str(tools.free_port())]
        return tools.djdock(*words, cwd=self.folder, env=ENVIRONMENT).ok().out

    def refused(self, words: list[str], code: int) -> str:
        """Runs a command that ends with a problem; what it shows, the problem last."""
        done = tools.djdock(*words, cwd=self.folder, env=ENVIRONMENT)
        assert done.code == code, done.all
        return done.all

    def interrupted(self, words: list[str]) -> str:
        """Runs a command that goes on until Ctrl-C, which is pressed when it has shown a line."""
        with subprocess.Popen(
            [tools.DJDOCK, *words],
            cwd=self.folder,
            env=tools.clean_environment(**ENVIRONMENT),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            assert process.wait(20) == 130
        return line

    def write(self, block: str) -> None:
        """Writes the file that the first line names."""
        head, _, rest = block.partition("\n")
        (self.folder / head.removeprefix("# ")).write_text(rest.lstrip("\n"), encoding="utf-8")

    def patch(self, block: str) -> None:
        """Changes a file as a diff shows: the one that its first line names, else the settings."""
        named = re.match(r"# (\S+)\n", block)
        settings = self.folder / (named[1] if named else "django_project/settings.py")
        text = settings.read_text(encoding="utf-8")
        lines = block[named.end() if named else 0 :].splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if not line.startswith("+"))
        assert text.count(before) == 1
        settings.write_text(text.replace(before, "".join(line[1:] for line in lines)), encoding="utf-8")

    def choose_port(self, root: Path) -> None:
        """Moves a new site away from port 8000, which belongs to whoever uses this machine."""
        dotenv = root / ".env"
        text = dotenv.read_text(encoding="utf-8")
        dotenv.write_text(text.replace("WEB_PORT=8000", f"WEB_PORT={tools.free_port()}"), encoding="utf-8")


def is_shown(block: str, text: str) -> bool:
    """Whether a text is what a block shows; `…` in it stands for any text."""
    pieces = GAP.split(CHANGING.sub("", block))
    return re.fullmatch(".*".join(map(re.escape, pieces)), CHANGING.sub("", text), re.DOTALL) is not None


def blocks(page: str, heading: str = "") -> list[tuple[str, str]]:
    """The code blocks of a page, or of one section of it."""
    text = markdown.page(page).text
    if heading:
        text = re.split(r"^## ", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return [(match[1], match[2]) for match in markdown.FENCE.finditer(text)]
