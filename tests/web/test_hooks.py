"""POST /hooks/NAME/SECRET, and signed: what other systems deliver is in the feeds, or kept."""

import hmac
import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp
from werkzeug.test import Client, TestResponse

from feedserver.assembly import assemble_around
from feedserver.errors import StoreError
from feedserver.model.activity import Activity, Draft
from feedserver.model.grant import masked
from feedserver.ports import Bookmark
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, NOON, FakeClock
from tests.fakes import LivingWorker
from tests.web.conftest import BASE, Site, ready

SECRET = "0123456789abcdef"
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MAPPING = {
    "when": "action is not defined",
    "title": "{{ who }} built {{ what }}",
    "verb": "update",
    "actor": "{{ who }}",
    "queues": "{{ queue | default('') }}",
}
SOURCES = {
    "ci": {"type": "webhook", "secret": SECRET, "mapping": MAPPING},
    "hub": {"type": "webhook", "secret": SECRET, "signature": "github", "mapping": MAPPING},
    "std": {"type": "webhook", "secret": STANDARD, "signature": "standard", "mapping": MAPPING},
}
BUILT = {"who": "Ann Example", "what": "the tower"}
MAX_BODY = 2000


class FullLog(MemoryLog):
    """A log on a disk that is full."""

    def appended(
        self, drafts: Sequence[Draft], bookmark: Bookmark | None = None
    ) -> tuple[Activity | None, ...]:
        raise StoreError("the store cannot be written: the disk is full")


Make = Callable[..., Site]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Site] = []

    def make(log: type[MemoryLog] = MemoryLog, **values: Any) -> Site:
        clock = FakeClock()
        settings = {
            "authority": AUTHORITY,
            "base_url": BASE,
            "max_body": MAX_BODY,
            "sources": SOURCES,
        }
        server = assemble_around(
            log(AUTHORITY, clock), make_settings(tmp_path, settings | values), clock
        )
        made.append(Site(server, clock, TestApp(ready(create_app(server, LivingWorker())))))
        return made[-1]

    yield make
    for site in made:
        site.server.close()


@pytest.fixture
def site(make: Make) -> Site:
    return make()


def deliver(
    site: Site,
    body: object,
    path: str = f"/hooks/ci/{SECRET}",
    media_type: str = "application/json",
    **headers: str,
) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(site.app.app).post(path, data=data, content_type=media_type, headers=named)


def deliver_standard(site: Site, body: object, ago: int = 0, id: str = "msg_1") -> TestResponse:
    data, sent = json.dumps(body).encode(), str(int(site.clock().timestamp()) - ago)
    key = b64decode(STANDARD.removeprefix("whsec_"))
    digest = hmac.new(key, f"{id}.{sent}.".encode() + data, sha256).digest()
    signature = f"v1,{b64encode(digest).decode()}"
    return deliver(
        site,
        data,
        "/hooks/std",
        webhook_id=id,
        webhook_timestamp=sent,
        webhook_signature=signature,
    )


def deliver_to_hub(site: Site, data: bytes, key: str = SECRET, **headers: str) -> TestResponse:
    digest = hmac.new(key.encode(), data, sha256).hexdigest()
    return deliver(site, data, "/hooks/hub", x_hub_signature_256=f"sha256={digest}", **headers)


def titles(site: Site, **parameters: str) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return [item["name"] for item in site.get(f"/all.json?{query}").json["orderedItems"]]


class TestDelivering:
    def test_what_is_delivered_is_recorded_and_in_the_feeds(self, site: Site) -> None:
        answer = deliver(site, BUILT | {"queue": "Support"}, idempotency_key="k 1")

        id = f"tag:{AUTHORITY}:ci/k%201"
        assert answer.status_code == 201
        assert answer.json is not None
        assert answer.json["recorded"] == [{"id": id, "location": answer.headers["Location"]}]
        assert site.get(answer.headers["Location"]).status_code == 200
        assert titles(site, queue="Support", source="ci") == ["Ann Example built the tower"]
        assert answer.headers["Cache-Control"] == "no-store"

    def test_the_same_delivery_again_is_known(self, site: Site) -> None:
        deliver(site, BUILT, idempotency_key="1")

        again = deliver(site, BUILT, idempotency_key="1")

        assert again.status_code == 200
        assert again.json is not None
        assert again.json["known"] == [f"tag:{AUTHORITY}:ci/1"]
        assert "nothing was recorded again" in again.json["detail"]
        assert len(titles(site)) == 1

    def test_deliveries_without_a_key_are_each_one_of_its_own(self, site: Site) -> None:
        answers = [deliver(site, BUILT) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert len(titles(site)) == 2

    def test_where_no_rule_applies_it_is_told(self, site: Site) -> None:
        answer = deliver(site, {"action": "ping"})

        assert answer.status_code == 200
        assert answer.json == {
            "recorded": [],
            "known": [],
            "kept": [],
            "detail": "No rule of the mapping applies to it: nothing was recorded, and nothing is "
            "missing.",
        }

    def test_what_cannot_be_mapped_is_kept_and_told_why(self, site: Site) -> None:
        first = deliver(site, {"who": "Ann Example"}, idempotency_key="1")
        again = deliver(site, {"who": "Ann Example"}, idempotency_key="1")

        assert (first.status_code, again.status_code) == (202, 200)
        assert first.json is not None
        (kept,) = first.json["kept"]
        assert kept["key"] == "1"
        assert "[sources.ci] mapping.title" in kept["detail"]
        assert "need not be sent again" in first.json["detail"]
        assert [record.value for record in site.server.records.find("ci")] == [
            {"who": "Ann Example"}
        ]

    def test_of_a_list_each_is_recorded_or_kept(self, site: Site) -> None:
        answer = deliver(site, [BUILT, {"who": "Bo"}, BUILT], idempotency_key="1")

        assert answer.status_code == 202
        assert answer.json is not None
        assert [each["key"] for each in answer.json["kept"]] == ["1/2"]
        assert len(answer.json["recorded"]) == 2
        assert "Location" not in answer.headers

    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (b"who=Ann+Example&what=the+tower", "application/x-www-form-urlencoded"),
            (
                b"payload=%7B%22who%22%3A%22Ann+Example%22%2C%22what%22%3A%22the+tower%22%7D",
                "application/x-www-form-urlencoded",
            ),
        ],
    )
    def test_a_form_is_taken(self, site: Site, body: bytes, media_type: str) -> None:
        assert deliver(site, body, media_type=media_type).status_code == 201
        assert titles(site) == ["Ann Example built the tower"]

    @pytest.mark.parametrize(
        ("body", "media_type", "headers", "status"),
        [
            (b"{", "application/json", {}, 400),
            (b"1", "application/json", {}, 400),
            (b"x" * (MAX_BODY + 1), "application/json", {}, 413),
            (b"<a/>", "text/xml", {}, 415),
            (b"{}", "application/json", {"Content_Encoding": "gzip"}, 415),
            (b"{}", "application/json; charset=x x", {}, 400),
        ],
    )
    def test_what_cannot_be_read_is_refused(
        self, site: Site, body: bytes, media_type: str, headers: dict[str, str], status: int
    ) -> None:
        answer = deliver(site, body, media_type=media_type, **headers)

        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
        assert site.server.records.find("ci") == ()

    def test_where_the_store_fails_it_is_503_and_may_come_again(self, make: Make) -> None:
        site = make(FullLog)

        answer = deliver(site, BUILT)

        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        told = site.get("/readyz").json["sources"]["ci"]
        assert (told["state"], told["recorded"]) == ("failing", 0)
        assert "disk is full" in told["error"]

    def test_who_waits_for_news_is_told(self, make: Make) -> None:
        site, noticed = make(), []
        app = create_app(site.server, noticed=lambda: noticed.append(True))

        Client(app).post(f"/hooks/ci/{SECRET}", json=BUILT)
        Client(app).post(f"/hooks/ci/{SECRET}", json={"action": "ping"})

        assert noticed == [True]


class TestWhoMay:
    @pytest.mark.parametrize(
        "path",
        [
            "/hooks/ci/wrong",
            f"/hooks/ci/{SECRET}0",
            f"/hooks/ci/{SECRET}/",
            f"/hooks/nobody/{SECRET}",
            "/hooks/ci",
            "/hooks/ci/",
            "/hooks/nobody",
            f"/hooks/hub/{SECRET}",
            f"/hooks/std/{STANDARD}",
        ],
    )
    @pytest.mark.parametrize("reading", ["open", "private"])
    def test_a_wrong_address_is_no_page_whatever_is_wrong(
        self, make: Make, path: str, reading: str
    ) -> None:
        site = make(reading=reading)

        answer = deliver(site, BUILT, path)

        assert answer.status_code == 404
        assert answer.get_data() == deliver(site, BUILT, "/hooks/no/such").get_data()
        assert site.server.log.head() == 0

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_nothing_but_a_post_is_taken(self, site: Site, method: str) -> None:
        answer = Client(site.app.app).open(f"/hooks/ci/{SECRET}", method=method)

        assert answer.status_code == 405
        assert SECRET not in answer.get_data(as_text=True)

    def test_no_grant_is_needed_where_reading_is_private(self, make: Make) -> None:
        site = make(reading="private")

        assert deliver(site, BUILT).status_code == 201
        assert deliver_standard(site, BUILT).status_code == 201
        assert site.raw("/all.json").status_code == 401

    def test_a_page_of_another_site_opens_nothing_by_what_a_browser_knows(self, site: Site) -> None:
        headers = {"Sec_Fetch_Site": "cross-site", "Origin": "http://elsewhere.example"}

        assert deliver(site, BUILT, **headers).status_code == 201
        assert deliver(site, BUILT, "/hooks/ci/guess", **headers).status_code == 404

    def test_no_grant_may_have_its_name(self, site: Site) -> None:
        with pytest.raises(Exception, match="is the name of a source"):
            site.grant(write=True, label="ci")


class TestSigned:
    def test_github(self, site: Site) -> None:
        body = json.dumps(BUILT).encode()

        first = deliver_to_hub(site, body, X_GitHub_Delivery="72d3162e")
        again = deliver_to_hub(site, body, X_GitHub_Delivery="72d3162e")

        assert (first.status_code, again.status_code) == (201, 200)
        assert len(titles(site)) == 1

    def test_github_signs_a_form_as_it_is_sent(self, site: Site) -> None:
        body = b"payload=" + b"%7B%22who%22%3A%22Ann%22%2C%22what%22%3A%22it%22%7D"
        digest = hmac.new(SECRET.encode(), body, sha256).hexdigest()

        answer = deliver(
            site,
            body,
            "/hooks/hub",
            "application/x-www-form-urlencoded",
            x_hub_signature_256=f"sha256={digest}",
        )

        assert answer.status_code == 201

    def test_with_another_secret_it_is_401_and_says_what_is_wrong(self, site: Site) -> None:
        answer = deliver_to_hub(site, b"{", key="another secret")

        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Signature ")
        assert answer.json is not None
        assert "X-Hub-Signature-256 is not that of the body" in answer.json["detail"]

    def test_standard_webhooks(self, site: Site) -> None:
        first = deliver_standard(site, BUILT)
        site.clock.advance(60)
        again = deliver_standard(site, BUILT)

        assert (first.status_code, again.status_code) == (201, 200)
        assert len(titles(site)) == 1

    @pytest.mark.parametrize("ago", [301, -301])
    def test_what_was_recorded_long_ago_cannot_be_replayed(self, site: Site, ago: int) -> None:
        answer = deliver_standard(site, BUILT, ago)

        assert answer.status_code == 401
        assert answer.json is not None
        assert "301 s" in answer.json["detail"]
        assert site.server.log.head() == 0

    def test_an_unsigned_delivery_is_401(self, site: Site) -> None:
        assert deliver(site, BUILT, "/hooks/std").status_code == 401
        assert deliver(site, BUILT, "/hooks/hub").status_code == 401


class TestSecrecy:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (f"/hooks/ci/{SECRET}", BUILT),
            (f"/hooks/ci/{SECRET}", b"{"),
            (f"/hooks/ci/{SECRET}?a=1", {}),
            (f"/hooks/other/{SECRET}", BUILT),
            (f"/HOOKS/ci/{SECRET}", BUILT),
            (f"/under/hooks/ci/{SECRET}", BUILT),
            (f"/hooks/ci/{SECRET}/more", BUILT),
        ],
    )
    def test_the_secret_is_in_no_log_and_no_answer(
        self, site: Site, caplog: pytest.LogCaptureFixture, path: str, body: object
    ) -> None:
        caplog.set_level(logging.DEBUG)
        caplog.set_level(logging.INFO, "feedserver.access")  # a command before may have set it

        answers = [
            deliver(site, body, path),
            deliver(site, body, path, Accept="text/html"),
            site.raw(path),
            site.raw("/metrics"),
            site.raw("/readyz"),
        ]

        assert "POST " in caplog.text
        assert SECRET not in caplog.text
        assert all(SECRET not in answer.get_data(as_text=True) for answer in answers)
        assert all(SECRET not in str(answer.headers) for answer in answers)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("/hooks/ci/s3cret?a=1", "/hooks/ci/…?a=1"),
            (
                "http://a.example/x/hooks/ci/s3/cret is none",
                "http://a.example/x/hooks/ci/… is none",
            ),
            ('{"detail": "/hooks/ci/s3cret"}', '{"detail": "/hooks/ci/…"}'),
            ("/hooks/ci", "/hooks/ci"),
            ("/queues/hooks", "/queues/hooks"),
        ],
    )
    def test_the_end_of_an_address_is_masked_wherever_it_stands(self, text: str, told: str) -> None:
        assert masked(text) == told

    def test_what_is_kept_holds_no_secret_of_the_headers(self, site: Site) -> None:
        deliver(site, {"who": "Ann"}, Authorization="Bearer tell-nobody", X_Event="push")

        (record,) = site.server.records.find("ci")
        assert record.headers["x-event"] == "push"
        assert "tell-nobody" not in str(record)


class TestWatching:
    def test_readyz_tells_what_is_kept_and_stays_ready(self, site: Site) -> None:
        before = site.get("/readyz").json["sources"]["ci"]
        deliver(site, {"who": "Ann"})
        deliver(site, BUILT)
        site.clock.advance(75)

        told = site.get("/readyz").json

        assert (before["state"], before["lag"], before["received"]) == ("waiting", 0, None)
        assert told["ready"]
        assert told["sources"]["ci"] == {
            "state": "keeping",
            "error": None,
            "failing_since": None,
            "received": f"{NOON:%Y-%m-%dT%H:%M:%S}Z",
            "lag": 75,
            "recorded": 1,
            "failed": 1,
            "kept": 1,
        }

    def test_a_page_without_entries_knows_of_it(self, site: Site) -> None:
        page = site.get("/", accept="text/html").text

        assert "Once a source answers, or a webhook is called" in page
        assert "no source is set up" not in page

    def test_a_server_without_a_worker_tells_of_them_too(self, make: Make) -> None:
        site = make()

        told = Client(create_app(site.server)).get("/readyz").json

        assert told is not None
        assert set(told["sources"]) == {"ci", "hub", "std"}

    def test_metrics_tell_what_is_recorded_and_kept(self, site: Site) -> None:
        deliver(site, {"who": "Ann"})
        deliver(site, BUILT)
        deliver(site, BUILT, idempotency_key="1")
        deliver(site, BUILT, idempotency_key="1")
        site.clock.advance(5)

        lines = site.raw("/metrics").get_data(as_text=True).splitlines()

        assert {
            'feedserver_source_kept{source="ci"} 1.0',
            'feedserver_source_kept{source="hub"} 0.0',
            'feedserver_source_lag_seconds{source="ci"} 5.0',
            'feedserver_source_lag_seconds{source="hub"} 0.0',
            'feedserver_source_failing{source="ci"} 0.0',
            'feedserver_source_recorded_total{source="ci"} 2.0',
            'feedserver_source_failed_total{source="ci"} 1.0',
            'feedserver_writes_total{verdict="recorded"} 2.0',
            'feedserver_writes_total{verdict="known"} 1.0',
        } <= set(lines)
