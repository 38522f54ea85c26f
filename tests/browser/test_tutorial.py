"""The well-known tutorial from its first line to its last, on each engine, with a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect, sync_playwright

from tests import tools
from tests.conftest import CHROMIUM
from tests.terminal import Terminal
from tests.tools import DJDOCK, Project

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
PASSWORD = "correct-horse-battery"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def page() -> Iterator[Page]:
    """A page in a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_page()
        browser.close()


def create_superuser(project: Project) -> None:
    """Answers the questions of createsuperuser, as a person at a terminal."""
    with Terminal([DJDOCK, "manage", "createsuperuser"], project.root) as terminal:
        terminal.expect("Username")
        terminal.type("ada\r")
        terminal.expect("Email address:")
        terminal.type("ada@example.com\r")
        terminal.expect("Password:")
        terminal.type(f"{PASSWORD}\r")
        terminal.expect("Password (again):")
        terminal.type(f"{PASSWORD}\r")
        terminal.expect("Superuser created successfully.")
        assert terminal.code() == 0
        assert PASSWORD not in terminal.screen, "a password is not shown while it is typed"


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Site administration")).to_be_visible()


def add_group(page: Page, url: str) -> None:
    page.goto(f"{url}admin/auth/group/add/")
    page.get_by_label("Name:").fill("Editors")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("The group .*Editors.* was added successfully"))).to_be_visible()


@pytest.mark.parametrize(
    "engine",
    [pytest.param("docker", marks=pytest.mark.docker), pytest.param("embedded", marks=pytest.mark.embedded)],
)
def test_the_tutorial(engine: str, workspace: Path, page: Page) -> None:
    """New, up, welcome page, superuser, admin, a row, down, up: and the row is there."""
    failed: list[str] = []

    def note_failure(response: Response) -> None:
        if response.status >= 400 and not response.url.endswith("/favicon.ico"):
            failed.append(f"{response.status} {response.url}")

    page.on("response", note_failure)
    began = time.monotonic()
    project = tools.new_project(workspace)
    done = project.up(engine, "--port", str(tools.free_port()))
    assert project.url in done.out
    page.goto(project.url)
    expect(page.get_by_role("heading", name="The install worked successfully! Congratulations!")).to_be_visible()
    print(f"{engine}: from new to the page in the browser in {time.monotonic() - began:.1f} s")

    create_superuser(project)
    log_in(page, project.url)
    expect(page.get_by_role("link", name="Users")).to_be_visible()  # the project's own user model
    add_group(page, project.url)

    project.djdock("down").ok()
    assert project.status()["url"] is None
    project.up(engine)
    page.goto(f"{project.url}admin/auth/group/")
    expect(page.get_by_role("link", name="Editors")).to_be_visible()
    assert failed == []
