"""/metrics: it tells what was asked, recorded and polled, and no client can make it grow."""

import re
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from webtest import TestApp
from werkzeug.test import Client

from feedserver import __version__
from feedserver.assembly import assemble_around
from feedserver.errors import (
    FeedserverError,
    InvalidActivity,
    InvalidRequest,
    RequestError,
    SourceError,
    StoreError,
    StoreVersionError,
    UnsupportedType,
)
from feedserver.mapping.rules import RecordMapping
from feedserver.model.addresses import activity_path
from feedserver.ports import Known, Poll, Problem
from feedserver.services.hooking import Hooking
from feedserver.services.indexing import FacetIndex
from feedserver.services.intake import Outcome
from feedserver.services.polling import Polling
from feedserver.sources.webhook.admitting import ByAddress
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from feedserver.web.errors import REASONS
from feedserver.web.standing import MAX_SOURCES
from tests.builders import AUTHORITY, make_draft
from tests.fakes import FailingSource
from tests.web.conftest import Site

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
RUNNING = Path(__file__).parent.parent.parent / "docs" / "running.md"
EVERY = 5.0
LIKE = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "urn:example:1",
    "type": "Like",
    "actor": {"type": "Person", "name": "Ann Example"},
    "object": {"type": "Note", "name": "A note"},
}

Figures = dict[tuple[str, ...], float]


class ToldSource(FailingSource):
    """A source that answers each poll with the next of what it was given, and then fails."""

    def __init__(self, *answers: Poll, name: str = "crm") -> None:
        super().__init__(name)
        self.answers = list(answers)

    def poll(self, place: str | None, known: Known) -> Poll:
        return self.answers.pop(0) if self.answers else super().poll(place, known)


class BreakingLog(MemoryLog):
    """A log that cannot be read while `is_broken`."""

    is_broken = False

    def newest(self) -> tuple[int, bytes]:
        if self.is_broken:
            raise StoreError("the store cannot be read: no such disk")
        return super().newest()


class BusyIndex(FacetIndex):
    """An index to which others at once add what has come, each time it has caught up."""

    def __init__(self, log: MemoryLog) -> None:
        super().__init__(log)
        self._written_to = log

    def catch_up(self) -> int:
        position = super().catch_up()
        self._written_to.append([make_draft()])
        other = threading.Thread(target=super().catch_up)
        other.start()
        other.join(0.05)  # seconds; while the index is held it has to wait for longer
        return position


def answer(*, more: bool = False, count: int = 0, odd: int = 0, failed: int = 0) -> Poll:
    return Poll(
        tuple(make_draft() for _ in range(count)),
        tuple(Problem(f"act_entry {key}", "is odd") for key in range(odd)),
        tuple(Problem(f"act_entry {key}", "has no actor") for key in range(failed)),
        "1",
        more,
    )


def families(site: Site) -> list[Metric]:
    return list(text_string_to_metric_families(site.get("/metrics").text))


def figures(site: Site) -> Figures:
    """The value of each sample by its name and the values of its labels, in their order."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families(site)
        for sample in family.samples
    }


def rows(told: Figures, name: str) -> Figures:
    """The samples of that name by the values of their labels."""
    return {key[1:]: value for key, value in told.items() if key[0] == name}


def rise(before: Figures, after: Figures, name: str) -> Figures:
    """By how much the samples of that name rose, without those that did not."""
    risen = {key: value - before.get(key, 0) for key, value in after.items()}
    return {labels: value for labels, value in rows(risen, name).items() if value}


def follow(site: Site, *sources: FailingSource) -> list[Polling]:
    """Let the site poll those sources."""
    pollings = [
        Polling(source, site.server.log, site.server.intake, site.clock) for source in sources
    ]
    site.use(replace(site.server, pollings=dict.fromkeys(pollings, EVERY)))
    return pollings


def hooking(site: Site) -> Hooking:
    """A webhook of the site."""
    server = site.server
    mapping = RecordMapping(AUTHORITY, "ci", [{"title": "t"}], "[sources.ci]")
    admission = ByAddress("0123456789abcdef")
    parts = server.intake, server.writing, server.records, site.clock
    return Hooking("ci", admission, mapping, *parts)


def lag_of(site: Site) -> float:
    """The lag of the one source, which /readyz must tell alike."""
    lag = rows(figures(site), "feedserver_source_lag_seconds")["crm",]
    assert site.get("/readyz").json["sources"]["crm"]["lag"] == int(lag)
    return lag


@pytest.mark.parametrize(
    ("address", "accept", "format", "status"),
    [
        ("/", BROWSER, "html", "200"),
        ("/", "*/*", "atom", "200"),
        ("/all", "application/activity+json", "json", "200"),
        ("/all.atom", "*/*", "atom", "200"),
        ("/all.as1?limit=1", BROWSER, "as1", "200"),
        ("/all.json?after=", "*/*", "json", "200"),
        ("/queues/Support.json", "*/*", "json", "200"),
        ("/queues/support.json", "*/*", "json", "302"),
        ("/queues/Nobody.json", "*/*", "json", "404"),
        ("/queues/Nobody", "*/*", "unknown", "404"),
        ("/all.xml", "*/*", "unknown", "404"),
        ("/all.atom?colour=red", "*/*", "atom", "400"),
        ("/all?after=", BROWSER, "html", "400"),
        ("/all", "image/png", "unknown", "406"),
        ("/all.json?after=mmmm", "*/*", "json", "400"),
        ("/activities/urn:nothing.atom", "*/*", "atom", "404"),
    ],
)
def test_an_answer_of_a_feed_counts_under_its_format_and_status(
    site: Site, address: str, accept: str, format: str, status: str
) -> None:
    site.record_some(2)
    before = figures(site)

    site.get(address, int(status), accept=accept)

    assert rise(before, figures(site), "feedserver_polls_total") == {(format, status): 1}


@pytest.mark.parametrize(
    ("address", "accept", "format"),
    [
        ("/", BROWSER, "html"),
        ("/all", "*/*", "atom"),
        ("/all.json?after=", "*/*", "json"),
        ("/tags/vip.as1", "*/*", "as1"),
    ],
)
def test_a_304_and_head_count_beside_the_200_they_stand_for(
    site: Site, address: str, accept: str, format: str
) -> None:
    site.record_some(2)
    before = figures(site)

    etag = site.get(address, accept=accept).headers["ETag"]
    for _ in range(3):
        site.get(address, 304, accept=accept, if_none_match=etag)
    site.app.head(address, headers={"Accept": accept})

    told = rise(before, figures(site), "feedserver_polls_total")
    assert told == {(format, "200"): 2, (format, "304"): 3}


def test_one_activity_counts_as_a_feed_does(site: Site) -> None:
    (draft,) = site.record_some(1)
    before = figures(site)

    etag = site.get(activity_path(draft.id, "json")).headers["ETag"]
    site.get(activity_path(draft.id, "json"), 304, if_none_match=etag)

    told = rise(before, figures(site), "feedserver_polls_total")
    assert told == {("json", "200"): 1, ("json", "304"): 1}


def test_what_is_no_feed_is_no_poll(site: Site) -> None:
    before = figures(site)

    for address in ("/feeds", "/feeds.json", "/queues", "/healthz", "/readyz", "/static/style.css"):
        site.get(address)
    site.get("/nope", 404)
    site.app.put("/all", status=405)

    after = figures(site)
    assert rise(before, after, "feedserver_polls_total") == {}
    taken = rise(before, after, "feedserver_requests_seconds_count")
    assert taken == {("other",): 8, ("write",): 1}  # one of them asked for the figures before


@pytest.mark.parametrize(
    ("address", "status", "reason"),
    [
        ("/all.atom?colour=red", 400, "invalid-request"),
        ("/queues/Nobody.atom", 404, "not-found"),
        ("/nope", 404, "not-found"),
        ("/static/nope.css", 404, "not-found"),
        ("/all.atom?queue=" + 9000 * "x", 414, "too-long"),
    ],
)
def test_a_request_that_is_refused_counts_by_its_reason(
    site: Site, address: str, status: int, reason: str
) -> None:
    before = figures(site)

    site.get(address, status)

    assert rise(before, figures(site), "feedserver_refusals_total") == {(reason,): 1}


def test_a_wrong_method_and_a_stranger_who_writes_count_by_their_reasons(site: Site) -> None:
    before = figures(site)

    site.app.delete("/all", status=405)
    site.app.post("/activities", status=401)

    told = rise(before, figures(site), "feedserver_refusals_total")
    assert told == {("method",): 1, ("unauthorised",): 1}


def test_what_is_given_is_no_refusal(site: Site) -> None:
    site.record_some(1)
    before = figures(site)

    for address in ("/", "/all.atom", "/feeds", "/healthz"):
        site.get(address)
    site.get("/queues/support", 302)

    assert rise(before, figures(site), "feedserver_refusals_total") == {}


def raised() -> dict[type[Exception], str]:
    """Every error that a request can come to, with the reason that its name says."""
    named: dict[type[Exception], str] = {
        kind: re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()
        for kind in RequestError.__subclasses__()
    }
    named |= {StoreError: "store", StoreVersionError: "store", SourceError: "source"}
    return named | {FeedserverError: "fault", ZeroDivisionError: "fault"}


@pytest.mark.parametrize("kind", raised(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_reason_of_its_own(site: Site, kind: type[Exception]) -> None:
    def fail() -> None:
        if kind in (InvalidRequest, InvalidActivity):
            raise kind([])
        raise kind("no", ()) if kind is UnsupportedType else kind("no")

    site.app.app.add_url_rule("/fail", view_func=fail)
    before = figures(site)

    site.app.get("/fail", expect_errors=True)

    assert raised()[kind] in REASONS
    told = rise(before, figures(site), "feedserver_refusals_total")
    assert told == {(raised()[kind],): 1}


def test_every_reason_and_verdict_begins_at_0(site: Site) -> None:
    told = figures(site)

    assert rows(told, "feedserver_refusals_total") == {(reason,): 0 for reason in REASONS}
    verdicts = (*(outcome.value for outcome in Outcome), "invalid")
    assert rows(told, "feedserver_writes_total") == {(verdict,): 0 for verdict in verdicts}


def test_what_is_sent_counts_by_what_became_of_it(site: Site) -> None:
    headers = {"Authorization": f"Bearer {site.grant(write=True, label='script')}"}
    own = LIKE | {"id": f"tag:{AUTHORITY}:crm/act_entry/1"}
    before = figures(site)

    site.app.post_json("/activities", LIKE, headers=headers, status=201)
    site.app.post_json("/activities", LIKE, headers=headers, status=200)
    site.app.post_json("/activities", LIKE | {"type": "Dislike"}, headers=headers, status=409)
    site.app.post_json("/activities", own, headers=headers, status=422)

    after = figures(site)
    assert rise(before, after, "feedserver_writes_total") == {
        ("recorded",): 1,
        ("known",): 1,
        ("conflict",): 1,
        ("foreign",): 1,
    }
    assert rise(before, after, "feedserver_activities_total") == {("script", "like"): 1}
    assert rise(before, after, "feedserver_requests_seconds_count")["write",] == 4


def test_no_client_can_add_a_label(site: Site) -> None:
    site.record_some(1)
    site.get("/all.atom")
    site.get("/x.atom", 404)
    before = figures(site)

    for odd in ("/all.exe", "/queues/%00%22", "/metrics.x", "/all/all.atom"):
        site.get(odd, 404, user_agent=odd, accept=f"application/{odd.strip('/')}")
    for method in ("BREW", "PROPFIND", "TRACE"):
        Client(site.app.app).open("/all.atom", method=method)
    site.get("/metrics?name[]=x", accept='text/plain;version="1')

    assert set(figures(site)) - set(before) == {("feedserver_polls_total", "unknown", "404")}


def test_activities_count_by_source_and_verb(site: Site) -> None:
    site.record(*(make_draft(verb="close") for _ in range(3)), make_draft(verb="like"))
    site.record(
        make_draft(source="ci", verb="close"), make_draft(source="ci", verb="tentative-accept")
    )

    told = figures(site)

    assert rows(told, "feedserver_activities_total") == {
        ("crm", "close"): 3,
        ("crm", "like"): 1,
        ("ci", "close"): 1,
        ("ci", "tentative-accept"): 1,
    }
    assert told["feedserver_log_position",] == 6


def test_a_verb_registered_nowhere_is_other_and_an_iri_counts_once(site: Site) -> None:
    verbs = ["like", "http://one.example/like", "http://two.example#like", "zap", "zip", "other"]
    site.record(*(make_draft(verb=verb) for verb in verbs))

    told = rows(figures(site), "feedserver_activities_total")

    assert told == {("crm", "like"): 1, ("crm", "other"): 5}


def test_sources_beyond_so_many_are_other(site: Site) -> None:
    names = [f"source {number}" for number in range(MAX_SOURCES + 5)]
    site.record(*(make_draft(source=name) for name in names))
    site.record(*(make_draft(source="source 204") for _ in range(9)))

    told = rows(figures(site), "feedserver_activities_total")

    assert {source for source, _ in told} == {*names[:MAX_SOURCES], "other"}
    assert told["other", "log"] == 14


def test_what_the_log_holds_is_told_after_a_restart_and_by_every_process(site: Site) -> None:
    site.record_some(3)
    site.get("/all.atom")
    other = TestApp(create_app(assemble_around(site.server.log, site.server.settings, site.clock)))
    site.record_some(2)

    theirs = replace(site, app=other)

    for told in (figures(site), figures(theirs)):
        assert rows(told, "feedserver_activities_total") == {("crm", "log"): 5}
    assert rows(figures(theirs), "feedserver_polls_total") == {}  # and what it was asked is its own


def test_the_count_of_activities_is_the_position_while_others_write(site: Site) -> None:
    log = MemoryLog(AUTHORITY, site.clock)
    site.use(replace(site.server, log=log, index=BusyIndex(log)))

    told = [figures(site) for _ in range(4)]

    assert [each["feedserver_log_position",] for each in told] == [0, 1, 2, 3]
    for position, each in enumerate(told):
        assert sum(rows(each, "feedserver_activities_total").values()) == position


def test_scrapes_and_requests_at_once_miscount_nothing(site: Site) -> None:
    site.record_some(1)
    before = figures(site)
    told: list[Figures] = []

    def poll() -> None:
        app = TestApp(site.app.app)
        for _ in range(20):
            app.get("/all.atom")
            site.record(make_draft())

    def scrape() -> None:
        told.extend(figures(site) for _ in range(10))

    threads = [threading.Thread(target=task) for task in (poll, poll, poll, scrape)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 10
    for each in told:
        counted = sum(rows(each, "feedserver_activities_total").values())
        assert counted == each["feedserver_log_position",]
    after = figures(site)
    assert rise(before, after, "feedserver_polls_total") == {("atom", "200"): 60}
    assert after["feedserver_log_position",] == 61


def test_a_store_that_cannot_be_read_is_told_and_the_rest_is_too(site: Site) -> None:
    log = BreakingLog(AUTHORITY, site.clock)
    site.use(assemble_around(log, site.server.settings, site.clock))
    site.record_some(2)
    assert figures(site)["feedserver_store_up",] == 1

    log.is_broken = True
    site.get("/all.atom", 503)
    broken = figures(site)
    log.is_broken = False

    assert broken["feedserver_store_up",] == 0
    assert ("feedserver_log_position",) not in broken
    assert rows(broken, "feedserver_activities_total") == {}
    assert broken["feedserver_polls_total", "atom", "503"] == 1
    assert broken["feedserver_refusals_total", "store"] == 1
    assert figures(site)["feedserver_store_up",] == 1


def test_a_source_that_is_followed_lags_by_what_it_was_not_asked_for(site: Site) -> None:
    (polling,) = follow(site, ToldSource(*(answer(count=1) for _ in range(3))))

    for _ in range(3):
        polling.step()
        assert lag_of(site) == 0
        site.clock.advance(EVERY)
        assert lag_of(site) == EVERY


def test_a_source_that_has_more_lags_since_it_had_nothing(site: Site) -> None:
    (polling,) = follow(site, ToldSource(answer(), answer(more=True), answer(more=True), answer()))
    lags = []

    for _ in range(4):
        site.clock.advance(100)
        polling.step()
        lags.append(lag_of(site))

    assert lags == [0, 100, 200, 0]


def test_a_source_that_never_had_nothing_lags_since_it_was_first_asked(site: Site) -> None:
    (polling,) = follow(site, ToldSource(answer(more=True), answer(more=True)))

    polling.step()
    site.clock.advance(30)
    polling.step()
    site.clock.advance(0.5)

    assert lag_of(site) == 30.5


def test_the_lag_of_a_source_that_fails_grows(site: Site) -> None:
    (polling,) = follow(site, ToldSource(answer()))
    polling.step()
    lags = []

    for _ in range(3):
        site.clock.advance(60)
        with pytest.raises(SourceError):
            polling.step()
        lags.append(lag_of(site))

    assert lags == [60, 120, 180]
    assert rows(figures(site), "feedserver_source_failing") == {("crm",): 1}
    assert site.get("/readyz").json["ready"] is True


def test_a_clock_that_is_set_back_gives_no_lag_below_0(site: Site) -> None:
    (polling,) = follow(site, ToldSource(answer()))
    polling.step()

    site.clock.advance(-3600)

    assert lag_of(site) == 0


def test_a_source_that_was_not_asked_yet_has_no_lag(site: Site) -> None:
    follow(site, ToldSource())

    assert rows(figures(site), "feedserver_source_lag_seconds") == {}
    assert site.get("/readyz").json["sources"]["crm"]["lag"] is None
    assert rows(figures(site), "feedserver_source_failing") == {("crm",): 0}


def test_each_source_is_told_for_itself(site: Site) -> None:
    crm, mail = follow(site, ToldSource(answer(count=3, odd=2, failed=1)), FailingSource("mail"))
    crm.step()
    with suppress(SourceError):
        mail.step()

    told = figures(site)

    assert rows(told, "feedserver_source_recorded_total") == {("crm",): 3, ("mail",): 0}
    assert rows(told, "feedserver_source_odd_total") == {("crm",): 2, ("mail",): 0}
    assert rows(told, "feedserver_source_failed_total") == {("crm",): 1, ("mail",): 0}
    assert rows(told, "feedserver_source_failing") == {("crm",): 0, ("mail",): 1}


def test_a_process_that_polls_nothing_tells_nothing_of_sources(site: Site) -> None:
    polling = Polling(FailingSource("crm"), site.server.log, site.server.intake, site.clock)
    server = replace(site.server, pollings={polling: EVERY})

    told = figures(replace(site, app=TestApp(create_app(server))))

    assert not any(key[0].startswith("feedserver_source") for key in told)


def test_the_version_and_the_process_are_told(site: Site) -> None:
    told = figures(site)

    assert rows(told, "feedserver_build_info") == {(__version__,): 1}
    assert {"process_start_time_seconds", "python_gc_collections_total"} <= {key[0] for key in told}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (OPENMETRICS, "application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text; version=x", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain; version=1..0", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_it_comes_in_the_format_that_is_asked_for_and_is_kept_nowhere(
    site: Site, accept: str, media_type: str
) -> None:
    told = site.raw("/metrics", accept=accept)

    assert told.status_code == 200
    assert told.headers["Content-Type"].startswith(media_type)
    assert told.headers["Cache-Control"] == "no-store"
    assert told.headers["Vary"] == "Accept"


def test_both_formats_tell_the_same(site: Site) -> None:
    follow(site, ToldSource())
    site.record(make_draft(source='a "b" \\ c', verb="close"))
    site.get("/all.atom")

    plain = site.get("/metrics").text
    open = site.get("/metrics", accept=OPENMETRICS).text

    ours = [
        {
            (sample.name, *sample.labels.values())
            for family in told
            for sample in family.samples
            if sample.name.startswith("feedserver_")
        }
        for told in (text_string_to_metric_families(plain), openmetrics_families(open))  # type: ignore[no-untyped-call]
    ]
    assert ours[0] == ours[1]
    assert ("feedserver_activities_total", 'a "b" \\ c', "close") in ours[0]
    assert "_created" not in plain


def test_two_applications_in_a_process_count_apart(site: Site) -> None:
    other = replace(site, app=TestApp(create_app(site.server)))

    site.get("/all.atom")

    assert rows(figures(site), "feedserver_polls_total") == {("atom", "200"): 1}
    assert rows(figures(other), "feedserver_polls_total") == {}


def test_a_private_server_tells_it_to_those_with_a_grant(site: Site) -> None:
    settings = replace(site.server.settings, reading="private")
    site.use(assemble_around(site.server.log, settings, site.clock))
    token = site.grant(label="prometheus")

    site.get("/metrics", 401)

    told = site.get("/metrics", authorization=f"Bearer {token}").text
    assert 'feedserver_refusals_total{reason="unauthorised"} 1.0' in told


def exposed(site: Site) -> set[tuple[str, str, str]]:
    """The name, the labels and the meaning of each metric of ours."""
    told = set()
    for family in families(site):
        sample = family.samples[0]
        name = family.name if family.type == "histogram" else sample.name
        labels = ",".join(sorted(set(sample.labels) - {"le"}))
        told.add((name, labels, family.documentation))
    return {each for each in told if each[0].startswith("feedserver_")}


def test_every_metric_stands_in_the_documents_as_it_is_exposed(site: Site) -> None:
    (polling,) = follow(site, ToldSource(answer(count=1)))
    site.use(replace(site.server, hooks={"ci": hooking(site)}))
    polling.step()
    site.get("/all.atom")
    text = RUNNING.read_text(encoding="utf-8")

    written = re.findall(r"^\| `(feedserver_\w+)(?:\{([\w,]+)\})?` \| (.+) \|$", text, re.MULTILINE)

    assert set(written) == exposed(site)
    assert len(written) == len(set(written))
    named = set(re.findall(r"\bfeedserver_\w+", text))
    assert named == {name for name, _, _ in written}
    reasons = re.search(r"reasons are ([^.]+)\.", text.replace("\n", " "))
    assert reasons is not None
    assert tuple(re.findall(r"`([\w-]+)`", reasons[1])) == REASONS


def test_a_follower_of_the_log_that_fails_is_told_until_it_goes_on(site: Site) -> None:
    followers = site.server.followers
    name = 'feedserver_follower_failing{follower="snapshots"}'

    followers.failed("snapshots", ValueError("the disk is full"))

    assert f"{name} 1.0" in site.get("/metrics").text
    assert site.get("/readyz").json["followers"] == {
        "snapshots": "the disk is full",
        "waiting": "ok",
    }
    followers.went_on("snapshots")
    assert f"{name} 0.0" in site.get("/metrics").text
    assert site.get("/readyz").json["followers"]["snapshots"] == "ok"
