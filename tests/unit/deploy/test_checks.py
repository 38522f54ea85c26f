"""deploy/checks.py: values that no site should run with, and what Django's own checks say."""

from __future__ import annotations

import pytest

from djdock.deploy import checks

SAID = """\
System check identified some issues:

WARNINGS:
?: (security.W004) You have not set a value for the SECURE_HSTS_SECONDS setting. If your entire site is served only \
over SSL, you may want to consider setting a value.
?: (security.W018) You should not have DEBUG set to True in deployment.
blog.Post: (models.W042) Auto-created primary key used when not defining a primary key type, by default
'django.db.models.AutoField'.
\tHINT: Configure the DEFAULT_AUTO_FIELD setting.

System check identified 3 issues (0 silenced).
"""


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "empty"),
        ("short", "5 characters"),
        ("a" * 60, "alike"),
        ("django-insecure-" + "abcdefgh" * 8, "development"),
        ("abcdefghij" * 6, ""),
    ],
)
def test_weak_keys(key: str, reason: str) -> None:
    """What Django would warn of is found before anything is built; a good key is left alone, and never shown."""
    found = checks.weakness(key)
    assert reason in found
    assert bool(found) == bool(reason)
    problems = list(checks.keys({"SECRET_KEY": key}))
    assert bool(problems) == bool(reason)
    assert not any(key and key in problem.cause for problem in problems)


@pytest.mark.parametrize(
    "name", ["shop.example.com", "localhost", "203.0.113.7", "xn--mller-kva.example", "a-b.example.com"]
)
def test_names_of_hosts(name: str) -> None:
    """Every name that a certificate and `Host:` can have is taken as it is."""
    assert not list(checks.hosts([name]))


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("https://shop.example.com/cart?a=1", "shop.example.com"),
        ("shop.example.com:8443", "shop.example.com"),
        ("*.example.com", "shop.example.com"),
        ("müller.example", "shop.example.com"),
        ("-shop.example.com", "shop.example.com"),
        (" ", "shop.example.com"),
    ],
)
def test_what_is_no_name_of_a_host(name: str, proposal: str) -> None:
    """The hint says the name that was meant, where that can be seen."""
    (problem,) = checks.hosts([name, name])
    assert f"--host {proposal}\n" in problem.hint


def test_values_that_no_site_should_have() -> None:
    """DEBUG that is on and names that are empty are told; the usual values are not."""
    bad = list(checks.values({"DEBUG": "1", "HOSTS": "[]"}, ("DEBUG",), ("HOSTS",)))
    assert len(bad) == 2
    assert not list(checks.values({"DEBUG": "0", "HOSTS": "shop.example.com"}, ("DEBUG",), ("HOSTS",)))


def test_messages_of_django() -> None:
    """Each warning becomes one line: where, its first sentence, and its id to look it up."""
    found = list(checks.messages(SAID))
    assert found[0] == "You have not set a value for the SECURE_HSTS_SECONDS setting. (security.W004)"
    assert found[2].startswith("blog.Post: Auto-created primary key")
    assert len(found) == 3
