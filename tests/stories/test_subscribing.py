"""Readers as Debian has them find feeds from pages, and take lists of them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from feedserver.assembly import assemble_around
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock, make_draft

HOME = "http://feeds.example/desk"
QUEUES = ("Support", "R&D", "Billing/EMEA", "Größe 'L' \"1\"", "日本", "100%", "$HOME `id`")


def needs(program: str) -> pytest.MarkDecorator:
    """Skips the test where the program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"not installed: {program}")


def run(*arguments: str, given: bytes = b"") -> str:
    """What the program says."""
    done = subprocess.run(arguments, input=given, capture_output=True, timeout=30, check=True)
    return done.stdout.decode()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    clock = FakeClock()
    settings = make_settings(tmp_path, {"authority": AUTHORITY, "base_url": HOME})
    server = assemble_around(MemoryLog(AUTHORITY, clock), settings, clock)
    server.intake.record([make_draft(queues=(name,)) for name in QUEUES])
    yield Client(create_app(server))
    server.close()


@pytest.fixture
def addresses(client: Client) -> list[str]:
    """Those of the directory, that of everything with them."""
    directory = client.get("/feeds.json").json
    assert directory is not None
    entries = [entry["atom"] for entries in directory.values() for entry in entries]
    assert len(entries) == len(QUEUES) + 4  # all of one product, customer, tag and actor
    return [f"{HOME}/all.atom", *entries]


@needs("newsboat")
def test_newsboat_takes_the_list_with_every_feed_of_the_directory(
    client: Client, addresses: list[str], tmp_path: Path
) -> None:
    (tmp_path / "feeds.opml").write_bytes(client.get("/feeds.opml").data)
    urls = tmp_path / "urls"
    urls.touch()

    files = ("-u", str(urls), "-c", str(tmp_path / "cache.db"), "-C", "/dev/null")
    run("newsboat", *files, "-i", str(tmp_path / "feeds.opml"))

    lines = urls.read_text("utf-8").splitlines()
    assert sorted(line.partition(" ")[0] for line in lines) == sorted(addresses)
    assert f'{HOME}/queues/Support.atom "Queues"' in lines


@needs("sfeed_opml_import")
def test_sfeed_takes_the_list_with_every_feed_of_the_directory(
    client: Client, addresses: list[str], tmp_path: Path
) -> None:
    configuration = run("sfeed_opml_import", given=client.get("/feeds.opml").data)

    # The configuration is a shell script, in which each feed is a command.
    script = tmp_path / "sfeedrc"
    script.write_text(configuration + '\nfeed() { printf "%s\\t%s\\n" "$1" "$2"; }\nfeeds\n')
    told = [line.split("\t") for line in run("sh", str(script)).splitlines()]
    assert sorted(address for _, address in told) == sorted(addresses)
    names = [name for name, _ in told]
    assert len(set(names)) == len(names)  # each is the name of a file
    assert {f"Activities in queue {name}" for name in QUEUES} <= set(names)


@needs("sfeed_opml_import")
def test_sfeed_takes_what_was_chosen(client: Client) -> None:
    list_of_two = client.get("/feeds.opml?queue=R%26D&queue=Support&-verb=log").data

    configuration = run("sfeed_opml_import", given=list_of_two)

    assert f"'{HOME}/queues/R%26D.atom?-verb=log'" in configuration
    assert f"'{HOME}/queues/Support.atom?-verb=log'" in configuration
    assert configuration.count("feed '") == 2


@needs("sfeed_web")
@pytest.mark.parametrize(
    ("page", "feed"),
    [
        ("/", "/all.{}"),
        ("/queues/Support?-verb=close", "/all.{}?queue=Support&-verb=close"),
        ("/queues/Support?-verb=log", "/queues/Support.{}?-verb=log"),
        ("/feeds", "/all.{}"),
    ],
)
def test_sfeed_finds_the_feeds_of_a_page(client: Client, page: str, feed: str) -> None:
    html = client.get(page, headers={"Accept": "text/html"}).data

    found = run("sfeed_web", HOME + page, given=html).splitlines()

    # It takes the service document for a feed, too: that must not come first.
    assert [line.split("\t") for line in found] == [
        [HOME + feed.format("atom"), "application/atom+xml"],
        [HOME + feed.format("rss"), "application/rss+xml"],
        [HOME + "/service", "application/atomsvc+xml"],
    ]
