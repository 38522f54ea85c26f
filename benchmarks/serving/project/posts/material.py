"""The rows that the page shows: the same ones in the database and in memory."""

from datetime import datetime, timedelta, timezone

FIRST = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
COUNT = 200
SHOWN = 10


def rows():
    for number in range(COUNT):
        yield {
            "title": f"Post number {number}",
            "author": f"Author {number % 7}",
            "summary": f"What post {number} is about, in a sentence that is as long as such sentences usually are.",
            "published": FIRST + timedelta(hours=number),
        }
