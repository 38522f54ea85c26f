"""What is shown of a log: why the project did not start, and not where its server gave up."""

from __future__ import annotations

from djdock.deploy import logs

WHY = """\
[2026-11-22 21:00:01 +0000] [7] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/app/django_project/urls.py", line 3, in <module>
    1 / 0
    ~~^~~
ZeroDivisionError: division by zero
[2026-11-22 21:00:01 +0000] [1] [ERROR] Shutting down: Master
"""
WHERE = "Traceback (most recent call last):\n" + 20 * '  File "/opt/venv/x.py", line 1, in run\n    run()\n'


def test_the_servers_own_end_is_left_out() -> None:
    """The project's traceback is the end of what is told, however long the server's own is."""
    told = logs.end(f"{WHY}{WHERE}gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>\n", 4)
    assert "ZeroDivisionError: division by zero" in told
    assert "HaltServer" not in told


def test_other_tracebacks_stay() -> None:
    """Only that one is left out."""
    assert logs.end(f"{WHERE}ValueError: no\n", 2) == "    run()\nValueError: no"
