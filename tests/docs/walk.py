"""Does what a page says, block by block, as a reader would."""

from __future__ import annotations

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
ENVIRONMENT = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "BROWSER": "true"}
CHANGING = re.compile(r"127\.0\.0\.1:\d+|^ +engine .*\n", re.MULTILINE)


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
            if language == "python":
                self.write(block)
            elif language == "diff":
                self.patch(block)
            elif block.startswith(" "):
                assert CHANGING.sub("", self.last) == CHANGING.sub("", block), f"{self.last}\nis not\n{block}"
            elif not language:
                for line in block.splitlines():
                    self.type(line)

    def type(self, line: str) -> None:
        words = shlex.split(line, comments=True)
        if words[:1] == ["cd"]:
            self.folder = (self.folder / words[1]).resolve()
        elif words[:1] == ["djdock"]:
            self.shown.append(self.djdock(words[1:]))
            if words[1] == "new":
                self.choose_port(self.folder / words[2])

    def djdock(self, words: list[str]) -> str:
        if words[-1] == "createsuperuser":
            argv: list[str | Path] = [tools.DJDOCK, *words]
            return terminal.run(argv, self.folder, env=ENVIRONMENT, answers=ANSWERS).ok().out
        if "-f" in words:
            return self.interrupted(words)
        return tools.djdock(*words, cwd=self.folder, env=ENVIRONMENT).ok().out

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
        """Changes the settings as a diff shows."""
        settings = self.folder / "django_project/settings.py"
        text = settings.read_text(encoding="utf-8")
        lines = block.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if not line.startswith("+"))
        assert text.count(before) == 1
        settings.write_text(text.replace(before, "".join(line[1:] for line in lines)), encoding="utf-8")

    def choose_port(self, root: Path) -> None:
        """Moves the site away from port 8000, which belongs to whoever uses this machine."""
        dotenv = root / ".env"
        text = dotenv.read_text(encoding="utf-8")
        dotenv.write_text(text.replace("WEB_PORT=8000", f"WEB_PORT={tools.free_port()}"), encoding="utf-8")


def blocks(page: str, heading: str = "") -> list[tuple[str, str]]:
    """The code blocks of a page, or of one section of it."""
    text = markdown.page(page).text
    if heading:
        text = re.split(r"^## ", text.partition(f"\n{heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    return [(match[1], match[2]) for match in markdown.FENCE.finditer(text)]
