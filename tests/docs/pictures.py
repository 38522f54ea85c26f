"""Makes the pictures in docs/images/ from what the real commands and the real pages show: `make pictures`.

Needs Docker, Chromium, and port 8000 free.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from djdock.commands import checkout
from tests import tools
from tests.conftest import CHROMIUM
from tests.docs import markdown, terminal, walk

IMAGES = markdown.ROOT / "docs/images"
COLOURS = ["#1e2127", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf"]
# The web font that rich names would be fetched from elsewhere whenever somebody looks at the picture.
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
FONT = re.compile(r"Fira Code(?:, monospace)?")
MONOSPACE = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="djdock-pictures-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, PostgreSQL runs as somebody else
        shop = existing_project(folder)
        try:
            steps = [("djdock up --yes", shop.root), ("djdock undo", shop.root)]
            (IMAGES / "conversion.svg").write_text(terminal_picture("shop", steps), encoding="utf-8")
        finally:
            # After `undo` no .env says it; it follows from the path.
            owner = checkout.machine(shop.root, "shop", "shop", "shop").compose_project
            tools.remove(shop)
            tools.run(["docker", "volume", "rm", f"{owner}_db"], folder)
            tools.run(["docker", "image", "rm", f"{owner}-web"], folder)
        blog = tools.Project(folder / "blog")
        try:
            steps = [
                ("djdock new blog", folder),
                ("cd blog && djdock up", folder),
                ("djdock up --engine embedded", blog.root),
                ("djdock down", blog.root),
            ]
            (IMAGES / "terminal.svg").write_text(terminal_picture("blog", steps), encoding="utf-8")
        finally:
            tools.remove(blog)
        try:
            pages(folder)
        finally:
            tools.remove(blog)


def existing_project(folder: Path) -> tools.Project:
    """The project that docs/existing-project.md begins with."""
    reader = walk.Reader(folder)
    reader.follow(walk.blocks("docs/existing-project.md", "## 1. A project on SQLite"))
    return reader.project


def terminal_picture(title: str, commands: Sequence[tuple[str, Path]]) -> str:
    """An SVG of a terminal in which commands were typed, each in its folder."""
    console = Console(record=True, width=terminal.COLUMNS, file=io.StringIO(), force_terminal=True)
    for index, (command, cwd) in enumerate(commands):
        if index:
            console.print()
        console.print(Text("$ ", "cyan") + Text(command, "bold #ffffff"))
        console.print(Text.from_ansi(typed(command, cwd)))
    theme = TerminalTheme(rgb("#1e2127"), rgb("#d7dae0"), [rgb(colour) for colour in COLOURS])
    drawn = console.export_svg(title=title, theme=theme, unique_id="djdock")
    return FONT.sub(MONOSPACE, WEB_FONT.sub("", drawn))


def typed(command: str, cwd: Path) -> str:
    """What a command line shows in a terminal; progress goes to standard error, and is left out."""
    with tempfile.NamedTemporaryFile("r") as errors:
        path = f"{tools.DJDOCK.parent}{os.pathsep}{os.environ['PATH']}"
        done = terminal.run(["bash", "-c", f"({command}) 2> {errors.name}"], cwd, env={"PATH": path})
        complaint = errors.read()
    if done.code or complaint:
        raise SystemExit(f"{command}: exit code {done.code}\n{done.out}{complaint}")
    return done.out.rstrip("\n")


def rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def pages(folder: Path) -> None:
    """The first page, and what the tutorial ends with: a row in the admin."""
    reader = walk.Reader(folder)
    blocks = walk.blocks("docs/tutorial.md")
    before_the_row = next(index for index, (_language, block) in enumerate(blocks) if "psql" in block)
    reader.follow(blocks[:before_the_row])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 620})
        page.goto(reader.project.url)
        page.screenshot(path=IMAGES / "page.png")
        page.set_viewport_size({"width": 1000, "height": 400})
        add_post(page, reader.project.url)
        page.screenshot(path=IMAGES / "admin.png")
        browser.close()


def add_post(page: Page, url: str) -> None:
    page.goto(f"{url}admin/posts/post/add/")
    page.fill("#id_username", "ada")
    page.fill("#id_password", walk.PASSWORD)
    page.click("[type=submit]")
    page.fill("#id_title", "The first row")
    page.click("[name=_save]")
    page.wait_for_selector(".messagelist .success")


if __name__ == "__main__":
    main()
