# Made by djdock, yours to edit; `djdock init` merges its changes with yours.
"""Prepares a container, then becomes the command that it was given. The Dockerfile names it as ENTRYPOINT.

NAME_FILE=/run/secrets/…    the variable NAME gets what stands in that file
WEB_CONCURRENCY             where it is not set: as many server processes as the container has processors
WAIT_FOR_MIGRATIONS=300     begins only when all migrations are applied; gives up after so many seconds

`docker exec` does not come by here: `docker exec … python /app/container/entrypoint.py python manage.py shell` does.
"""

import math
import os
import signal
import subprocess
import sys
import time

SECRETS = "/run/secrets/"


def read_secrets():
    """Docker, Swarm and Kubernetes hand secrets over as files: what is in a file shows in no list of variables."""
    for name, path in list(os.environ.items()):
        if not name.endswith("_FILE") or not path.startswith(SECRETS):
            continue
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except OSError as error:
            sys.exit(f"{name}: {path} cannot be read: {error.strerror}")
        os.environ.setdefault(name[: -len("_FILE")], text[:-1] if text.endswith("\n") else text)


def processors():
    """How many processors this container may use. One without a limit shares the machine with others: at most 4."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:  # "150000 100000": 1.5 processors; "max 100000": no limit
            quota, period = file.read().split()
    except OSError:
        try:
            with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as file:
                quota = file.read().strip()
            with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
                period = file.read()
        except OSError:
            quota, period = "max", "1"
    if quota in ("max", "-1"):
        return min(4, len(os.sched_getaffinity(0)))
    return math.ceil(int(quota) / int(period))


def wait_for_migrations(seconds):
    """Returns once every migration is applied; another container does that."""
    end = time.monotonic() + seconds
    while True:
        argv = [sys.executable, "manage.py", "showmigrations", "--plan"]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
        missing = [line for line in done.stdout.splitlines() if line.startswith("[ ]")]
        if done.returncode == 0 and not missing:
            return
        if time.monotonic() > end:
            last = missing or done.stdout.splitlines()[-3:]
            sys.exit("\n".join([f"After {seconds} seconds not all migrations are applied:", *last]))
        time.sleep(1)


def main():
    # The first process of a container ends on SIGTERM only if it says so.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    read_secrets()
    # At least two: one that is busy does not keep the others waiting.
    os.environ.setdefault("WEB_CONCURRENCY", str(max(2, processors())))
    wait = os.environ.get("WAIT_FOR_MIGRATIONS")
    if wait:
        wait_for_migrations(int(wait))
    sys.stdout.flush()
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
