"""The dozen odd activities, as real feed readers show them: the entry's own link, id and date.

Not those of the object that stands in it, nor of its author. Each reads Atom and RSS from a file.
"""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from feedserver.formats import FORMATS
from feedserver.formats.entries import link_of
from tests.formats.conftest import odd_drafts, page_of, reading_of
from tests.stories.test_real_readers import needs

Shown = dict[str, tuple[str, str, datetime]]
"""Title, link and date by the id of each entry."""


def run(home: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """What the program says; it has a home of its own."""
    names = ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    return subprocess.run(
        arguments,
        cwd=home,
        env=os.environ | dict.fromkeys(names, str(home)),
        input=stdin,
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout


def sfeed(home: Path, feed: Path) -> Shown:
    lines = run(home, "sfeed", stdin=feed.read_bytes()).decode().splitlines()
    return {
        cells[5]: (cells[1], cells[2], datetime.fromtimestamp(int(cells[0]), UTC))
        for cells in (line.split("\t") for line in lines)
    }


def newsboat(home: Path, feed: Path) -> Shown:
    (home / "urls").write_text(f"{feed.as_uri()}\n", encoding="utf-8")
    run(home, "newsboat", "-u", "urls", "-c", "cache.db", "-C", "/dev/null", "-x", "reload")
    cache = sqlite3.connect(home / "cache.db")
    rows = cache.execute("SELECT guid, title, url, pubDate FROM rss_item").fetchall()
    cache.close()
    return {id: (title, link, datetime.fromtimestamp(date, UTC)) for id, title, link, date in rows}


def rss2email(home: Path, feed: Path) -> Shown:
    for name in ("new", "cur", "tmp"):
        (home / "mail" / name).mkdir(parents=True)
    (home / "config").write_text(
        "[DEFAULT]\nfrom = feeds@example.com\nto = reader@example.com\ndate-header = True\n"
        f"email-protocol = maildir\nmaildir-path = {home}/mail\nmaildir-mailbox = .\n"
        f"[feed.odd]\nurl = {feed}\n",
        encoding="utf-8",
    )
    run(home, "r2e", "-c", "config", "-d", "data", "run")
    mails = [message_from_bytes(path.read_bytes()) for path in home.glob("mail/new/*")]
    return {
        mail["X-RSS-ID"]: (
            str(make_header(decode_header(mail["Subject"]))),
            mail["X-RSS-URL"],
            parsedate_to_datetime(mail["Date"]).replace(tzinfo=UTC),  # it writes -0000
        )
        for mail in mails
    }


@pytest.mark.parametrize("extension", ["atom", "rss"])
@pytest.mark.parametrize(
    "read",
    [
        pytest.param(sfeed, marks=needs("sfeed")),
        pytest.param(newsboat, marks=needs("newsboat")),
        pytest.param(rss2email, marks=needs("r2e")),
    ],
)
def test_a_reader_shows_what_is_the_entrys_own(
    read: Callable[[Path, Path], Shown], extension: str, tmp_path: Path
) -> None:
    format = FORMATS[extension]()
    page = page_of(reading_of(odd_drafts()), format)
    feed = tmp_path / f"odd.{extension}"
    feed.write_bytes(format.render(page))

    shown = read(tmp_path, feed)

    for activity in page.activities:
        dates = activity.dates
        date = dates.second if extension == "rss" else dates.published.replace(microsecond=0)
        told = (activity.draft.title, link_of(activity, page), date)
        assert shown[activity.id] == told
    assert len(shown) == len(page.activities)
