"""The pages, as a person sees them."""

import html
import re
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from feedserver.errors import SourceError
from feedserver.model.activity import Activity, Object, Version
from feedserver.model.addresses import activity_path
from feedserver.services.polling import Polling
from tests.builders import make_draft, object_of
from tests.fakes import FailingSource
from tests.web.conftest import BASE, Site

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def page_of(site: Site, address: str = "/") -> str:
    text: str = site.get(address, accept=BROWSER).text
    return text


def test_the_stream_shows_the_newest_first_as_sentences(site: Site) -> None:
    first, second = site.record_some(2)

    page = page_of(site)

    assert page.index(second.title) < page.index(first.title)
    assert "<h1>Everything</h1>" in page


def test_the_headline_is_the_filter_in_words(site: Site) -> None:
    site.record_some(1)

    page = page_of(site, "/queues/Support?tag=vip&-verb=close&type=case")

    assert "<h1>Cases in queue Support tagged vip, not with verb close</h1>" in page
    assert "<title>Cases in queue Support tagged vip, not with verb close · feedserver" in page


def test_an_entry_leads_to_its_object_its_own_page_and_its_feeds(site: Site) -> None:
    (draft,) = site.record_some(1)

    page = page_of(site)

    assert f'href="{object_of(draft).url}"' in page
    for address in ("/queues/Support", "/tags/vip", "/activities/tag%3A"):
        assert f'href="{address}' in page


def test_an_object_without_an_address_leads_to_everything_on_it(site: Site) -> None:
    site.record(make_draft(object=Object("case", "tag:x,2026:case/7", "Printer on fire", "7")))

    page = page_of(site)

    assert 'href="/all?object=tag:x,2026:case%2F7"' in page
    assert "<h1>Activities on case 7</h1>" in page_of(site, "/all?object=tag:x,2026:case/7")


def test_the_feed_sign_means_exactly_what_is_on_the_screen(site: Site) -> None:
    site.record_some(3)
    site.record_some(2, queues=("Billing",))

    page = page_of(site, "/queues/Support?tag=vip")
    (address,) = set(re.findall(r'class="subscribe" href="([^"]*)"', page))

    feed = site.get(address.replace("&amp;", "&"))
    assert re.findall(r"<entry><id>([^<]*)", feed.text) == [
        draft_id
        for draft_id in re.findall(r'class="time" href="/activities/([^"]*)"', page)
        for draft_id in [draft_id.replace("%3A", ":").replace("%2C", ",").replace("%2F", "/")]
    ]


def test_feeds_are_found_by_autodiscovery(site: Site) -> None:
    site.record_some(1)

    page = page_of(site, "/queues/Support")

    assert re.search(
        r'<link rel="alternate" type="application/atom\+xml" title="[^"]+" '
        r'href="/queues/Support.atom">',
        page,
    )


def test_times_are_told_with_their_zone_and_the_true_one_beside(site: Site) -> None:
    site.record(make_draft(occurred=site.clock() - timedelta(hours=3)))
    late = make_draft(occurred=site.clock() - timedelta(hours=5))
    site.record(late)

    page = page_of(site)

    assert "Friday 8 May 2026, UTC" in page
    assert 'title="8 May 2026, 09:00:00 UTC"' in page
    assert "happened 07:00" in page


def test_older_entries_are_reached_and_the_end_is_told(site: Site) -> None:
    drafts = site.record_some(5)

    first = page_of(site, "/all?limit=3")
    (older,) = re.findall(r'<a href="([^"]+)" rel="next">Older', first)
    second = page_of(site, older.replace("&amp;", "&"))

    assert drafts[0].title in second
    assert "That is everything." in second
    assert "Newest" in second


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("/", "Nothing is recorded yet, because no source is set up."),
        ("/all?queue=Suport", "The queue Suport has never been seen."),
        ("/queues", "Nothing recorded has queues yet."),
    ],
)
def test_an_empty_page_says_why_and_what_to_do(site: Site, address: str, sentence: str) -> None:
    page = page_of(site, address)

    assert sentence in page
    assert "href=" in page


def test_a_server_without_a_source_says_how_to_begin(site: Site) -> None:
    page = page_of(site)

    assert (
        "Nothing is recorded yet, because no source is set up. Try <code>feedserver demo</code>, "
        "or add your CRM: <code>feedserver init</code>."
    ) in page
    assert "feedserver grant add --write me" in page


def test_the_command_that_the_empty_page_gives_posts_to_this_server(site: Site) -> None:
    (command,) = re.findall(r"<pre>(.*?)</pre>", page_of(site), re.DOTALL)
    words = shlex.split(html.unescape(command).replace("TOKEN", site.grant(write=True)))
    program, address, *options = words
    headers = dict(value.split(": ") for flag, value in pairwise(options) if flag == "-H")

    site.app.post(address.removeprefix(BASE), options[options.index("-d") + 1], headers, status=201)

    assert (program, address) == ("curl", f"{BASE}/activities")
    assert "My first activity" in page_of(site)


def test_an_empty_page_says_with_a_source_what_that_will_bring(site: Site) -> None:
    etag = site.get("/", accept=BROWSER).headers["ETag"]
    site.use(replace(site.server, sources=(FailingSource("crm"),)))

    page = site.get("/", 200, accept=BROWSER, if_none_match=etag).text

    assert "Nothing is recorded yet. Once a source answers" in page
    assert "no source is set up" not in page
    assert "<pre>" not in page


def test_a_filter_that_matches_nothing_says_so(site: Site) -> None:
    site.record_some(1, queues=("Support",), tags=())
    site.record_some(1, queues=("Billing",), tags=("vip",))

    assert "Nothing matches all of this yet." in page_of(site, "/queues/Support?tag=vip")


def test_an_unknown_name_beside_a_known_one_is_told_and_the_rest_is_shown(site: Site) -> None:
    (draft,) = site.record_some(1, queues=("Support",))

    page = page_of(site, "/queues/Support?-tag=nois")

    assert "The tag nois has never been seen." in page
    assert "Nothing matches" not in page
    assert draft.title in page


def test_nothing_from_the_crm_is_markup(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    site.record(
        make_draft(
            title=evil,
            queues=(evil,),
            tags=(evil,),
            actor=Object("person", None, evil),
            customer=Object("organization", None, evil),
            content="&lt;script&gt;",
        )
    )

    for address in ("/", "/feeds", "/queues", "/all?tag=" + "%3Cscript%3Ealert(1)%3C/script%3E"):
        answer = site.get(address, accept=BROWSER)
        assert "<script" not in answer.text
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_source_that_fails_is_told_at_the_head_and_moves_the_etag(site: Site) -> None:
    site.record_some(1)
    polling = Polling(FailingSource("crm"), site.server.log, site.server.intake, site.clock)
    etag = site.get("/", accept=BROWSER).headers["ETag"]
    site.use(replace(site.server, pollings={polling: 5.0}))

    with pytest.raises(Exception, match="no answer"):
        polling.step()

    page = site.get("/", 200, accept=BROWSER, if_none_match=etag).text
    assert "crm has not answered since 8 May 2026, 12:01:00 UTC." in page
    told = site.get("/readyz").json["sources"]["crm"]
    assert told["state"] == "failing"
    assert told["error"] == "source crm: no answer"


def test_a_process_without_a_worker_says_so(site: Site) -> None:
    told = site.get("/readyz").json

    assert (told["ready"], told["worker"], told["sources"]) == (True, "not here", {})


@pytest.mark.parametrize("of_one", [False, True])
def test_a_page_in_another_zone_has_another_etag(site: Site, of_one: bool) -> None:
    (draft,) = site.record_some(1)
    address = activity_path(draft.id) if of_one else "/"
    etag = site.get(address, accept=BROWSER).headers["ETag"]

    site.use(
        replace(
            site.server,
            settings=replace(site.server.settings, display_timezone="America/Chicago"),
        )
    )

    assert "CDT" in site.get(address, 200, accept=BROWSER, if_none_match=etag).text


def test_a_page_says_what_its_etag_was_made_of(site: Site) -> None:
    site.record_some(1)
    polling = Polling(FailingSource("crm"), site.server.log, site.server.intake, site.clock)
    site.use(replace(site.server, pollings={polling: 5.0}))
    at = site.server.log.at

    def at_and_then_the_source_fails(positions: Sequence[int]) -> tuple[Version, ...]:
        with suppress(SourceError):
            polling.step()
        return at(positions)

    site.server.log.at = at_and_then_the_source_fails  # type: ignore[method-assign]

    first = site.get("/", accept=BROWSER)
    second = site.get("/", accept=BROWSER)

    assert "has not answered" not in first.text
    assert "has not answered" in second.text
    assert first.headers["ETag"] != second.headers["ETag"]


def test_a_part_of_the_filter_can_be_taken_away(site: Site) -> None:
    site.record_some(1, queues=("Support",))

    page = page_of(site, "/all?queue=Suport&queue=Support&-verb=close")

    chips = re.findall(r'class="chip filled" href="([^"]*)" title="Without this">([^<]*) ×', page)
    assert [name for _, name in chips] == ["Suport", "Support", "not close"]
    for address, _ in chips:
        site.get(address.replace("&amp;", "&"), accept=BROWSER)


def test_a_cursor_that_leads_nowhere_is_told_with_a_link(site: Site) -> None:
    site.record_some(3)
    cursor = site.get("/all.json?limit=1").json["next"].rpartition("=")[2]
    other = cursor[:-4] + ("AAAA" if cursor[-4:] != "AAAA" else "BBBB")

    page = site.get(f"/all?before={other}", 410, accept=BROWSER).text

    assert "Go on from there" in page


def test_the_directory_lists_every_name_with_its_count(site: Site) -> None:
    site.record_some(2, queues=("Support",))
    site.record_some(1, queues=("Billing/EMEA",))

    page = page_of(site, "/feeds")

    assert re.search(r'href="/queues/Support">Support</a></td><td class="number">2<', page)
    assert 'href="/all?queue=Billing%2FEMEA">Billing/EMEA</a>' in page


def test_the_pages_work_without_script(site: Site) -> None:
    site.record_some(1)

    for address in ("/", "/feeds", "/queues", "/nope"):
        answer = site.app.get(address, headers={"Accept": BROWSER}, expect_errors=True)
        assert "<script" not in answer.text


def test_what_a_page_needs_is_there(site: Site) -> None:
    page = page_of(site)

    for address in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
        assert site.get(address).body


def test_an_edited_entry_stands_at_the_time_of_its_edit_and_says_when_it_happened(
    site: Site,
) -> None:
    site.record_some(1)
    (first,) = site.server.log.read(0)
    assert isinstance(first, Activity)
    site.clock.advance(3 * 60 * 60)

    site.server.log.replace(1, replace(first.draft, title="mended"))

    page = site.get("/", accept="text/html").text
    assert ">15:01</time>" in page
    assert "edited, happened 12:01" in page
    assert "<dt>Edited</dt>" in site.get(f"/activities/{first.id}", accept="text/html").text


def test_what_it_is_about_is_opened_by_its_name_wherever_that_is(site: Site) -> None:
    case = Object("case", "urn:x:1234", number="1234", url="http://server/dovetail/1234")
    site.record(make_draft(id="urn:x:1", object=case, source="my-script"))

    page = site.get("/activities/urn%3Ax%3A1", accept="text/html").text

    assert '<a href="http://server/dovetail/1234">Open case 1234</a>' in page
