"""POST /sources/NAME/publish: a business rule names an entry, and it is in the feeds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from webtest import TestApp
from werkzeug.test import Client, TestResponse

from feedserver.assembly import assemble_around
from feedserver.settings import make_settings
from feedserver.stores.memory import MemoryLog
from feedserver.web.app import create_app
from tests.builders import AUTHORITY, FakeClock
from tests.sources.clarify_builder import Clarify
from tests.web.conftest import BASE, Site

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MAX_BODY = 5000


@pytest.fixture
def crm(tmp_path: Path) -> Iterator[Clarify]:
    database = Clarify(tmp_path / "crm.sqlite")
    yield database
    database.close()


@pytest.fixture
def case(crm: Clarify) -> int:
    return crm.case("1234", "Printer on fire")


@pytest.fixture
def entry(crm: Clarify, case: int) -> int:
    crm.skip(1000)  # so that no two keys are alike
    return crm.entry(200, act_entry2case=case, act_entry2user=crm.user("ann", "Ann", "Sample"))


def site_of(folder: Path, crm: Clarify, start: str) -> Site:
    clock = FakeClock()
    source = {"type": "clarify", "url": crm.url, "timezone": "UTC", "start": start}
    values = {
        "authority": AUTHORITY,
        "base_url": BASE,
        "max_body": MAX_BODY,
        "sources": {"crm": source},
    }
    server = assemble_around(MemoryLog(AUTHORITY, clock), make_settings(folder, values), clock)
    return Site(server, clock, TestApp(create_app(server)))


@pytest.fixture
def site(tmp_path: Path, crm: Clarify) -> Iterator[Site]:
    made = site_of(tmp_path, crm, "now")
    yield made
    made.server.close()


class Rule:
    """Publishes with the token of a writer."""

    def __init__(self, site: Site) -> None:
        self._client = Client(site.app.app)
        self.headers = {"Authorization": f"Bearer {site.grant(write=True, label='rule')}"}

    def post(self, data: Any, media_type: str | None = None, name: str = "crm") -> TestResponse:
        return self._client.post(
            f"/sources/{name}/publish", data=data, content_type=media_type, headers=self.headers
        )

    def form(self, *values: object, **more: object) -> TestResponse:
        return self.post(fields(*values) | more, FORM)

    def json(self, *values: object, **more: object) -> TestResponse:
        return self.post(json.dumps(fields(*values) | more), JSON)


def fields(*values: object) -> dict[str, object]:
    return dict(zip(("object_type", "database_id", "activity_objid"), values, strict=False))


@pytest.fixture
def rule(site: Site) -> Rule:
    return Rule(site)


def faults(answer: TestResponse) -> list[str]:
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    return [fault["detail"] for fault in json.loads(answer.data)["errors"]]


def detail(answer: TestResponse) -> str:
    return str(json.loads(answer.data)["detail"])


@pytest.mark.parametrize("way", ["form", "json"])
def test_an_entry_is_recorded_and_then_it_is_known(
    way: str, site: Site, rule: Rule, case: int, entry: int
) -> None:
    id = f"tag:{AUTHORITY}:crm/act_entry/{entry}"
    address = f"{BASE}/activities/tag%3Aexample.com%2C2026%3Acrm%2Fact_entry%2F{entry}"
    title = "Ann Sample closed case 1234: Printer on fire"

    first, second = (getattr(rule, way)("Case", case, entry) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert json.loads(first.data) == {"id": id, "status": "recorded", "title": title}
    assert json.loads(second.data) == {"id": id, "status": "known", "title": title}
    assert first.headers["Location"] == second.headers["Content-Location"] == address
    assert "Location" not in second.headers
    assert first.mimetype == JSON
    assert first.headers["Cache-Control"] == "no-store"


def test_it_is_in_the_feed_with_the_next_request(
    site: Site, rule: Rule, case: int, entry: int
) -> None:
    before = site.get("/all.json").headers["ETag"]

    address = rule.form("Case", case, entry).headers["Location"]

    after = site.get("/all.json", if_none_match=before)
    assert [item["id"] for item in after.json["orderedItems"]] == [
        site.get(address, accept="application/activity+json").json["id"]
    ]


def test_the_tail_that_comes_later_brings_it_no_second_time(
    site: Site, rule: Rule, crm: Clarify, case: int, entry: int
) -> None:
    (polling,) = site.server.pollings
    polling.step()
    new = crm.entry(200, act_entry2case=case)
    rule.form("Case", case, new)

    while polling.step():
        pass

    assert [activity.id for activity in site.server.log.read(0)] == [
        f"tag:{AUTHORITY}:crm/act_entry/{new}"
    ]


def test_numbers_in_json_may_be_texts_and_other_fields_are_left_alone(
    rule: Rule, case: int, entry: int
) -> None:
    assert rule.json("Case", str(case), f" {entry} ", title="x", logger=None).status_code == 201
    assert rule.form(" case ", f"{case} ", entry, title="x").status_code == 200


class TestWhatIsWrong:
    """All of it is told at once."""

    @pytest.mark.parametrize("way", ["form", "json"])
    def test_all_that_is_missing_is_named(self, way: str, rule: Rule) -> None:
        for answer in (getattr(rule, way)(), getattr(rule, way)("", "", "")):
            assert [fault.partition(" is missing; ")[0] for fault in faults(answer)] == [
                "`object_type`",
                "`database_id`",
                "`activity_objid`",
            ]

    @pytest.mark.parametrize(
        "value",
        ["0", "-1", "1.5", "1e3", "x", "1_000", "٣", "[Database ID]", "1" * 19, "x" * 1000],
    )
    def test_a_number_that_is_none_is_named(self, value: str, rule: Rule, entry: int) -> None:
        for answer in (rule.form("Case", value, entry), rule.json("Case", value, entry)):
            (fault,) = faults(answer)
            assert fault.startswith("`database_id` is ")
            assert len(fault) < 150

    @pytest.mark.parametrize("value", [0, -1, 1.5, True, None, [], {}, [1], 10**18])
    def test_a_json_value_that_is_no_number_is_named(
        self, value: object, rule: Rule, case: int
    ) -> None:
        (fault,) = faults(rule.json("Case", case, value))

        assert fault.startswith("`activity_objid` is ")

    @pytest.mark.parametrize("value", [5, None, "", "  ", ["Case"], True])
    def test_a_type_that_is_no_text_is_named(self, value: object, rule: Rule) -> None:
        found = faults(rule.json(value, 1, 1))

        assert [fault.partition(" ")[0] for fault in found] == ["`object_type`"]

    def test_what_stands_twice_is_refused(self, rule: Rule) -> None:
        form = "object_type=Case&database_id=1&database_id=2&activity_objid=3"

        assert faults(rule.post(form, FORM)) == ["`database_id` stands twice in the form."]
        assert "stands twice" in faults(rule.post('{"a": 1, "a": 2}', JSON))[0]

    def test_a_form_of_very_many_fields_is_refused(self, rule: Rule) -> None:
        assert "more than 100 fields" in faults(rule.post("a=1&" * 200, FORM))[0]

    @pytest.mark.parametrize("body", ["[]", "5", "null", '"Case"', "{", "", "\ufeff"])
    def test_json_that_is_no_object_is_refused(self, body: str, rule: Rule) -> None:
        assert len(faults(rule.post(body, JSON))) == 1

    def test_a_body_that_is_no_text_is_refused(self, rule: Rule) -> None:
        assert "not UTF-8" in faults(rule.post(b"object_type=\xff\xfe\xff", FORM))[0]

    @pytest.mark.parametrize("media_type", [None, "text/plain", "multipart/form-data"])
    def test_another_media_type_is_refused_with_those_that_are_taken(
        self, media_type: str | None, rule: Rule
    ) -> None:
        answer = rule.post(b"object_type=Case", media_type)

        assert answer.status_code == 415
        assert answer.headers["Accept"] == f"{FORM}, {JSON}"

    @pytest.mark.parametrize("media_type", [FORM, JSON])
    def test_a_large_body_is_refused(self, media_type: str, rule: Rule) -> None:
        assert rule.post(b"x" * (MAX_BODY + 1), media_type).status_code == 413

    def test_what_the_source_refuses_is_told(
        self, rule: Rule, crm: Clarify, case: int, entry: int
    ) -> None:
        assert "no type of object; known: case," in faults(rule.form("Cas", case, entry))[0]
        assert "[Database ID]" in faults(rule.form("Case", 1234, entry))[0]
        missing = rule.form("Case", case, entry + 1)
        assert missing.status_code == 404
        assert detail(missing) == f"crm has no act_entry {entry + 1}."

    @pytest.mark.parametrize("name", ["cmr", "CRM", "cr%0Am", "%2F"])
    def test_a_source_that_is_none_is_not_found(self, name: str, rule: Rule) -> None:
        answer = rule.post(fields("Case", 1, 1), FORM, name)

        assert answer.status_code == 404

    def test_the_known_sources_are_named(self, rule: Rule) -> None:
        answer = rule.post(fields("Case", 1, 1), FORM, "cmr")

        assert detail(answer) == "No source is called cmr; known: crm."

    def test_a_crm_that_cannot_be_read_is_to_be_asked_again(
        self, rule: Rule, crm: Clarify, case: int, entry: int
    ) -> None:
        crm.execute("DROP TABLE table_act_entry")

        answer = rule.form("Case", case, entry)

        assert answer.status_code == 503
        assert "Retry-After" in answer.headers
        assert detail(answer).startswith("source crm: ")

    def test_nothing_of_it_is_recorded(self, site: Site, rule: Rule, case: int) -> None:
        rule.form("Case", case, 1)
        rule.form("Case", "x", "y")

        assert site.server.log.head() == 0


class TestWhoMay:
    """Publishing is writing."""

    def test_without_a_grant_nothing_is_done(self, site: Site, case: int, entry: int) -> None:
        answer = Client(site.app.app).post("/sources/crm/publish", data=fields("Case", case, entry))

        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
        assert site.server.log.head() == 0

    def test_a_grant_to_read_is_not_enough(
        self, site: Site, rule: Rule, case: int, entry: int
    ) -> None:
        rule.headers["Authorization"] = f"Bearer {site.grant()}"

        assert rule.form("Case", case, entry).status_code == 403
        assert site.server.log.head() == 0

    def test_who_may_not_is_told_nothing_of_the_crm(self, site: Site) -> None:
        client = Client(site.app.app)

        answers = [
            client.post(f"/sources/{name}/publish", data=fields("Case", 1, 1))
            for name in ("crm", "cmr")
        ]

        assert [answer.status_code for answer in answers] == [401, 401]

    def test_reading_the_address_does_nothing(self, site: Site) -> None:
        assert "POST" in site.get("/sources/crm/publish", status=405).headers["Allow"]


def test_in_the_middle_of_an_import_it_is_to_be_asked_again(
    tmp_path: Path, crm: Clarify, case: int, entry: int
) -> None:
    site = site_of(tmp_path, crm, "all")
    rule = Rule(site)

    early = rule.form("Case", case, entry)
    (polling,) = site.server.pollings
    while polling.step():
        pass
    late = rule.form("Case", case, entry)

    assert early.status_code == 503
    assert int(early.headers["Retry-After"]) > 0
    assert "history of source crm" in detail(early)
    assert late.status_code == 200
    assert site.server.log.head() == 1
    site.server.close()
