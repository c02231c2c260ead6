"""AtomPub (RFC 5023): entries that are posted, to everything and to collections, and changed."""

import json
from typing import Any

import pytest
from lxml import etree
from werkzeug.test import Client, TestResponse

from feedserver.formats.atom import AtomFormat
from tests.builders import AUTHORITY, activities, make_draft
from tests.web.conftest import BASE, Site

ATOM = "application/atom+xml"
ENTRY = ATOM + ";type=entry"
JSON = "application/json"
NDJSON = "application/x-ndjson"
NAMES = {"a": "http://www.w3.org/2005/Atom"}


def entry(id: str = "urn:example:1", title: str = "Hello", more: str = "") -> bytes:
    """A plain entry, as a blog's editor sends one."""
    return (
        f'<entry xmlns="http://www.w3.org/2005/Atom"><id>{id}</id><title>{title}</title>'
        "<updated>2026-05-08T10:00:00Z</updated><author><name>Ann Example</name></author>"
        f'<content type="html">&lt;p&gt;It works.&lt;/p&gt;</content>{more}</entry>'
    ).encode()


def feed(*entries: bytes) -> bytes:
    inner = b"".join(entries)
    return b'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>' + inner + b"</feed>"


class Editor:
    """An AtomPub client with a token."""

    def __init__(self, site: Site) -> None:
        self._client = Client(site.app.app)
        token = site.server.grants.add("editor", can_write=True)
        self._headers = {"Authorization": f"Bearer {token}"}

    def post(
        self, body: Any, address: str = "/activities", media_type: str = ENTRY, **headers: str
    ) -> TestResponse:
        return self._send("POST", address, body, media_type, headers)

    def put(self, address: str, body: bytes, **headers: str) -> TestResponse:
        return self._send("PUT", address.removeprefix(BASE), body, ENTRY, headers)

    def _send(
        self, method: str, address: str, body: Any, media_type: str, headers: dict[str, str]
    ) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        return self._client.open(
            address,
            method=method,
            data=data,
            content_type=media_type,
            headers=self._headers | named,
        )


@pytest.fixture
def editor(site: Site) -> Editor:
    return Editor(site)


def text(answer: TestResponse, name: str) -> Any:
    """The text of that element of the entry that is answered."""
    return etree.fromstring(answer.data).findtext(f"a:{name}", None, NAMES)


def said(answer: TestResponse) -> Any:
    return json.loads(answer.data)


def drafts(site: Site) -> list[Any]:
    return [activity.draft for activity in activities(site.server.log.read(0))]


class TestEntries:
    @pytest.mark.parametrize("media_type", [ATOM, ENTRY, ATOM + ';type="entry"; charset=utf-8'])
    def test_an_entry_is_recorded_and_its_address_told(
        self, site: Site, editor: Editor, media_type: str
    ) -> None:
        answer = editor.post(entry(), media_type=media_type)

        assert answer.status_code == 201
        address = BASE + "/activities/urn%3Aexample%3A1"
        assert answer.headers["Location"] == answer.headers["Content-Location"] == address
        assert answer.headers["ETag"]
        assert answer.headers["Content-Type"] == AtomFormat.media_type
        assert (text(answer, "id"), text(answer, "title")) == ("urn:example:1", "Hello")
        assert site.get(address + ".atom").body == answer.data

    def test_the_same_entry_again_is_known_and_another_a_conflict(
        self, site: Site, editor: Editor
    ) -> None:
        first, again, other = (editor.post(entry(title=title)) for title in ("a", "a", "b"))

        assert [each.status_code for each in (first, again, other)] == [201, 200, 409]
        assert again.headers["Content-Location"] == first.headers["Location"]
        assert site.server.log.head() == 1

    def test_what_we_serve_and_get_back_unchanged_is_known(
        self, site: Site, editor: Editor
    ) -> None:
        site.record(make_draft(occurred=None), make_draft())
        served = site.get("/all.atom").body

        answer = editor.post(served, media_type=ATOM + ";type=feed")

        assert (said(answer)["known"], said(answer)["refused"]) == (2, 0)
        assert site.server.log.head() == 2

    def test_an_entry_without_an_id_gets_one(self, editor: Editor) -> None:
        body = entry().replace(b"<id>urn:example:1</id>", b"")

        ids = {text(editor.post(body), "id") for _ in range(2)}

        assert len(ids) == 2
        assert all(id.startswith(f"tag:{AUTHORITY}:activities/") for id in ids)

    def test_everything_that_is_wrong_is_told_with_its_place(
        self, site: Site, editor: Editor
    ) -> None:
        answer = editor.post(entry(id="1", more="<published>today</published><author/>"))

        assert answer.status_code == 422
        assert answer.content_type == "application/problem+json"
        pointers = [fault["pointer"] for fault in said(answer)["errors"]]
        assert pointers == ["/entry/id", "/entry/published"]
        assert site.server.log.head() == 0

    @pytest.mark.parametrize(
        ("body", "status", "told"),
        [
            (b"<entry", 400, "It is no XML: "),
            (b"", 400, "The body is empty"),
            (b'{"actor": "Ann"}', 400, "It is no XML: "),
            (b'<!DOCTYPE x [<!ENTITY a "b">]><entry>&a;</entry>', 400, "It has a DOCTYPE"),
            (b"<entry/>", 422, "which is no Atom"),
            (entry(title="Jos\xe9").decode().encode("latin-1"), 400, "The body is not UTF-8"),
        ],
    )
    def test_what_is_no_atom_is_refused(
        self, site: Site, editor: Editor, body: bytes, status: int, told: str
    ) -> None:
        answer = editor.post(body)

        assert answer.status_code == status
        assert told in said(answer)["detail"]
        assert site.server.log.head() == 0

    def test_other_encodings_are_read_where_they_are_said(self, site: Site, editor: Editor) -> None:
        body = entry(title="Jos\xe9").decode()
        declared = '<?xml version="1.0" encoding="windows-1252"?>' + body.replace(":1<", ":2<")

        answers = [
            editor.post(body.encode("cp1252"), media_type=f"{ENTRY}; charset=windows-1252"),
            editor.post(declared.encode("cp1252")),
        ]

        assert [text(answer, "title") for answer in answers] == ["Jos\xe9"] * 2

    @pytest.mark.parametrize("media_type", ["text/xml", "application/xml"])
    def test_other_xml_is_refused(self, editor: Editor, media_type: str) -> None:
        answer = editor.post(entry(), media_type=media_type)

        assert answer.status_code == 415
        assert ATOM in answer.headers["Accept"]
        assert f"Content-Type: {ATOM}." in said(answer)["detail"]

    def test_another_encoding_that_is_not_said_is_refused_with_what_to_say(
        self, editor: Editor
    ) -> None:
        answer = editor.post(entry(title="Jos\xe9").decode().encode("cp1252"))

        assert answer.status_code == 400
        assert f"say so: Content-Type: {ATOM}; charset=windows-1252" in said(answer)["detail"]

    @pytest.mark.parametrize(
        ("title", "slug", "kept"),
        [("", "The%20Beach%20at%20S%C3%A8te", "The Beach at S\xe8te"), ("Hello", "Beach", "Hello")],
    )
    def test_a_slug_is_the_title_where_there_is_none(
        self, editor: Editor, title: str, slug: str, kept: str
    ) -> None:
        answer = editor.post(entry(title=title), slug=slug)

        assert text(answer, "title") == kept
        assert answer.headers["Location"].endswith("urn%3Aexample%3A1")

    def test_scripts_reach_no_reader(self, site: Site, editor: Editor) -> None:
        body = entry(title="&lt;script&gt;x()&lt;/script&gt;")
        editor.post(body.replace(b"It works.", b"&lt;script&gt;y()&lt;/script&gt;It works."))

        page, atom = site.get("/all", accept="text/html").body, site.get("/all.atom").body
        assert b"<script" not in page
        assert b"&lt;script&gt;x()" in page
        assert b"y()" not in page + atom
        assert b"It works." in page
        assert b"It works." in atom


def test_each_entry_of_a_feed_has_a_verdict_in_order(site: Site, editor: Editor) -> None:
    editor.post(entry())
    deleted = b'<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0" ref="urn:a"/>'

    answer = editor.post(
        feed(
            entry(),
            entry(id="1"),
            entry(title="Other"),
            entry(id="urn:example:2"),
            entry(id=f"tag:{AUTHORITY}:mine"),
            deleted,
        ),
        media_type=ATOM,
    )

    assert answer.status_code == 200
    verdicts = said(answer)["verdicts"]
    assert [(each["verdict"], each["status"]) for each in verdicts] == [
        ("known", 200),
        ("invalid", 422),
        ("conflict", 409),
        ("recorded", 201),
        ("foreign", 422),
        ("invalid", 422),
    ]
    assert [error["pointer"] for each in verdicts for error in each.get("errors", [])] == [
        "/feed/entry[2]/id",
        "/feed/entry[3]/id",
        "/feed/entry[5]/id",
        "/feed/at:deleted-entry[1]",
    ]


class TestChanging:
    def test_an_entry_is_changed_where_its_etag_is_that_of_the_newest(
        self, site: Site, editor: Editor
    ) -> None:
        posted = editor.post(entry())
        address = posted.headers["Location"]

        changed = editor.put(address, entry(title="New"), if_match=posted.headers["ETag"])
        late = editor.put(address, entry(title="Late"), if_match=posted.headers["ETag"])

        assert (changed.status_code, late.status_code) == (200, 412)
        assert text(changed, "title") == "New"
        assert changed.headers["ETag"] == site.get(address + ".atom").headers["ETag"]
        assert site.server.log.head() == 2

    def test_what_atom_has_no_words_for_stays(self, site: Site, editor: Editor) -> None:
        draft = make_draft(verb="dispatch")
        site.record(draft)
        address = f"/activities/{draft.id}"
        served = site.get(address + ".atom").body

        answer = editor.put(address, served.replace(b"It burns.", b"It is out."))

        assert answer.status_code == 200
        changed = drafts(site)[-1]
        assert changed.content == "<p>It is out.</p>"
        assert (changed.customer, changed.verb, changed.code) == (
            draft.customer,
            "dispatch",
            "1700",
        )

    def test_what_is_there_already_is_no_new_version(self, site: Site, editor: Editor) -> None:
        (draft,) = site.record_some(1)
        served = site.get(f"/activities/{draft.id}.atom").body

        assert editor.put(f"/activities/{draft.id}", served).status_code == 200
        assert site.server.log.head() == 1

    def test_another_id_is_told_where_it_stands(self, editor: Editor) -> None:
        address = editor.post(entry()).headers["Location"]

        answer = editor.put(address, entry(id="urn:example:2"))

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in said(answer)["errors"]] == ["/entry/id"]

    def test_a_feed_is_no_entry(self, editor: Editor) -> None:
        address = editor.post(entry()).headers["Location"]

        assert editor.put(address, feed(entry())).status_code == 422


class TestCollections:
    @pytest.fixture(autouse=True)
    def some(self, site: Site) -> None:
        """A log that has a queue, a product and a tag, and one of each that no path can hold."""
        site.record(
            make_draft(queues=("Support", "Billing/EMEA"), tags=("VIP",)),
            make_draft(),
        )

    @pytest.mark.parametrize(
        ("address", "names"),
        [
            ("/all", ((), (), ())),
            ("/all.atom", ((), (), ())),
            ("/queues/Support", (("Support",), (), ())),
            ("/queues/Support.atom", (("Support",), (), ())),
            ("/products/Printer%209000.json", ((), ("Printer 9000",), ())),
            ("/tags/vip.atom", ((), (), ("VIP",))),
            ("/all?queue=Billing%2FEMEA", (("Billing/EMEA",), (), ())),
            ("/all.atom?queue=New&product=P&tag=new&_=1", (("New",), ("P",), ("new",))),
            ("/queues/Support?tag=vip", (("Support",), (), ("VIP",))),
            ("/queues/support", (("Support",), (), ())),
        ],
    )
    def test_what_is_posted_to_a_feed_is_in_it(
        self, site: Site, editor: Editor, address: str, names: Any
    ) -> None:
        answer = editor.post(entry(), address)

        assert answer.status_code == 201
        assert answer.headers["Location"] == BASE + "/activities/urn%3Aexample%3A1"
        draft = drafts(site)[-1]
        products = tuple(product.name for product in draft.products)
        assert (draft.queues, products, draft.tags) == names
        again = editor.post(entry(), address)
        assert again.status_code == 200

    def test_what_is_there_already_is_not_there_twice(self, site: Site, editor: Editor) -> None:
        more = (
            f'<category scheme="tag:{AUTHORITY}:categories/queue" term="Support"/>'
            f'<category scheme="tag:{AUTHORITY}:categories/product" term="XR" label="XR 2"/>'
            '<category term="Vip"/>'
        )

        editor.post(entry(more=more), "/queues/Support?product=XR&tag=VIP")

        draft = drafts(site)[-1]
        assert (draft.queues, draft.tags) == (("Support",), ("Vip",))
        assert [(product.name, product.revision) for product in draft.products] == [("XR", "2")]

    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            ({"actor": "Ann"}, JSON),
            ([{"actor": "Ann"}], JSON),
            ({"type": "Like", "actor": "Ann"}, "application/activity+json"),
            (b'{"actor": "Ann"}\n', NDJSON),
            (feed(entry()), ATOM),
        ],
    )
    def test_every_form_is_taken(
        self, site: Site, editor: Editor, body: Any, media_type: str
    ) -> None:
        answer = editor.post(body, "/queues/Support", media_type)

        assert answer.status_code in (200, 201)
        assert answer.data.count(b'"recorded"') or answer.status_code == 201
        assert drafts(site)[-1].queues == ("Support",)

    @pytest.mark.parametrize(
        ("address", "status", "told"),
        [
            ("/queues/Supprot", 404, "Nearest: Support"),
            ("/tags/none.atom", 404, "No tag is called none"),
            ("/all.xyz", 404, "There is no format .xyz"),
            ("/actors/ann", 405, "POST does nothing here"),
            ("/customers/Example%20Works", 405, "POST does nothing here"),
            ("/all?queue=a&queue=b", 400, "`queue=a`: nothing can be posted to that"),
            ("/queues/Support?queue=Other", 400, "`queue=Other`: nothing can be posted"),
            ("/all?-tag=vip", 400, "`-tag=vip`: nothing can be posted"),
            ("/all?since=2026-05-08", 400, "`since=2026-05-08`: nothing can be posted"),
            ("/all?tag=", 400, "`tag=`: nothing can be posted"),
            ("/activities?queue=Support", 400, "`/activities` takes no parameters"),
        ],
    )
    def test_where_nothing_can_be_posted_says_so(
        self, site: Site, editor: Editor, address: str, status: int, told: str
    ) -> None:
        answer = editor.post(entry(), address)

        assert answer.status_code == status
        assert told in said(answer)["detail"]
        assert site.server.log.head() == 2

    def test_reading_them_is_as_it_was(self, site: Site) -> None:
        assert site.get("/queues/Support.atom").content_type == ATOM
        assert site.app.head("/queues/Support.atom").headers["ETag"]
        assert site.get("/queues/support", 302).location.endswith("/queues/Support")

    def test_posting_needs_a_grant_that_may_write(self, site: Site) -> None:
        reader = {"Authorization": f"Bearer {site.grant()}"}
        client = Client(site.app.app)

        for address in ("/all", "/queues/Support.atom", "/queues/Nobody"):
            assert client.post(address, data=entry(), content_type=ATOM).status_code == 401
            answer = client.post(address, data=entry(), content_type=ATOM, headers=reader)
            assert answer.status_code == 403
        assert site.server.log.head() == 2
