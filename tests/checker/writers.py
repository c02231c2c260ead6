"""Writers: each writes activities of its own, and knows of each whether it was acknowledged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any
from urllib.parse import quote

from tests.checker.client import Answer, Unanswered
from tests.checker.documents import Terms
from tests.checker.history import History, Write
from tests.checker.installation import Installation
from tests.checker.scene import Scene
from tests.checker.working import Working

_FORMS = (
    "urn:example:{who}:{number}",
    "https://app.example/{who}/{number}?part=a&of=b%2Fc",
    "tag:app.example,2026:{who}/{number}",
)
_CONTEXT = "https://www.w3.org/ns/activitystreams"
_AS2 = "application/activity+json"
_NDJSON = "application/x-ndjson"
_FILLING = "It was said at length what had happened, and why. " * 4
_REACH = 20  # of its newest activities a writer changes one most of the time


@dataclass(slots=True)
class _Known:
    """An activity that this writer has written: its last writes, and ETags of it, if any."""

    write: Write
    before: Write | None = None
    etag: str | None = None
    old_etag: str | None = None


class Drafts:
    """Makes what is written: ids, titles that come once, and terms by chance."""

    def __init__(self, worker: Working) -> None:
        self._who = worker.name
        self._chance = worker.chance
        self._ids = self._titles = 0

    def id(self) -> str:
        """An id that nothing has."""
        self._ids += 1
        form = _FORMS[self._ids % len(_FORMS)]
        return form.format(who=self._who, number=self._ids)

    def title(self) -> str:
        """A title that nothing has."""
        self._titles += 1
        return f"{self._who}-{self._titles}"

    def terms(self) -> Terms:
        """A queue, and each of two tags half of the time."""
        queue = self._chance.choice(("Support", "Billing", "Sales"))
        tags = [f"tag:{name}" for name in ("vip", "noise") if self._chance.random() < 0.5]
        return frozenset([f"queue:{queue}", *tags])


def document(id: str, title: str, terms: Terms, is_silent: bool = False) -> bytes:
    """The version as an AS2 document."""
    made: dict[str, Any] = {
        "@context": _CONTEXT,
        "type": "Create",
        "id": id,
        "name": title,
        "actor": {"type": "Person", "name": "Ann Example"},
        "object": {"type": "Note", "name": "Something"},
        "content": f"<p>{title}: {_FILLING}</p>",
        "queue": [term.removeprefix("queue:") for term in terms if term.startswith("queue:")],
        "tags": sorted(term.removeprefix("tag:") for term in terms if term.startswith("tag:")),
    }
    if is_silent:
        made["silent"] = True
    return json.dumps(made).encode()


class Writer(Working):
    """Posts, edits and deletes over HTTP; asks again, or gives up, where no answer comes."""

    pause = 0.01
    rests = True

    def __init__(self, name: str, scene: Scene, token: str) -> None:
        super().__init__(name, scene)
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._drafts = Drafts(self)
        self._alive: list[_Known] = []
        self._ended: list[str] = []

    def step(self) -> None:
        """One write."""
        acts = {
            self._post: 36,
            self._post_many: 5,
            self._edit: 40,
            self._send_again: 6,
            self._delete: 3,
            self._be_refused: 10,
        }
        (act,) = self.chance.choices(list(acts), list(acts.values()))
        act()

    def _post(self) -> None:
        write = Write(self._drafts.id(), self._drafts.title(), self._drafts.terms())
        answer = self._written([write], "POST", "/activities", _AS2, _body(write))
        if answer is not None:
            self._alive.append(_Known(write, etag=answer.headers.get("ETag")))

    def _post_many(self) -> None:
        writes = [
            Write(self._drafts.id(), self._drafts.title(), self._drafts.terms()) for _ in range(4)
        ]
        body = b"\n".join(map(_body, writes))
        answer = self._written(writes, "POST", "/activities", _NDJSON, body)
        if answer is None:
            return
        verdicts = [json.loads(line)["status"] for line in answer.body.splitlines()]
        if len(verdicts) != len(writes) or not set(verdicts) <= {200, 201}:
            self.violated("ANSWER", f"{answer} to {len(writes)} lines")
        self._alive += map(_Known, writes)

    def _edit(self) -> None:
        known = self._one()
        if known is None:
            return
        is_silent = self.chance.random() < 0.3
        id, title, terms = known.write.id, self._drafts.title(), self._drafts.terms()
        if known.before is not None and self.chance.random() < 0.5:
            terms = known.before.terms or terms  # so that it comes back to the feeds that it left
        write = Write(id, title, terms, is_silent)
        condition = {}
        if known.etag is not None and self.chance.random() < 0.5:
            condition["If-Match"] = known.etag
        answer = self._written([write], "PUT", _address(id), _AS2, _body(write), condition)
        if answer is None:
            self._alive.remove(known)
        else:
            etag = answer.headers.get("ETag") if answer.status == 200 else None
            known.write, known.before = write, known.write
            known.etag, known.old_etag = etag, known.etag

    def _send_again(self) -> None:
        """Send what is recorded already, as who has missed the answer; nothing may come of it."""
        known = self._one()
        if known is None:
            return
        write = known.write
        headers = self._authorization | {"Content-Type": _AS2}
        for method, address in (("PUT", _address(write.id)), ("POST", "/activities")):
            body = _body(replace(write, is_silent=write.is_silent and method == "PUT"))
            answer = self.client.ask(method, address, headers, body)
            if answer.status not in (200, 503):
                self.violated("ANSWER", f"{method} {address} again: {answer}")

    def _delete(self) -> None:
        known = self._one()
        if known is None:
            return
        self._alive.remove(known)
        write = Write(known.write.id, None, None)
        answer = self._written([write], "DELETE", _address(write.id))
        if answer is not None:
            self._ended.append(write.id)
            gone = self.client.ask("GET", _address(write.id))
            if gone.status != 410:
                self.violated("ANSWER", f"GET of {write.id}, which was deleted: {gone}")

    def _be_refused(self) -> None:
        """Send what must not be taken; its title must never be seen."""
        known = self._one()
        title = self._drafts.title()
        method, address, condition = "POST", "/activities", {}
        if self._ended and self.chance.random() < 0.5:
            id, expected = self.chance.choice(self._ended), 410
        elif known is None:
            return
        elif known.old_etag is not None and self.chance.random() < 0.5:
            id, expected = known.write.id, 412
            method, address, condition = "PUT", _address(id), {"If-Match": known.old_etag}
        else:
            id, expected = known.write.id, 409
        self.history.refuse(title)
        headers = self._authorization | {"Content-Type": _AS2} | condition
        body = document(id, title, self._drafts.terms())
        answer = self.client.ask(method, address, headers, body)
        if answer.status not in (expected, 503):
            self.violated("ANSWER", f"{method} {address} for {expected}: {answer}")

    def _one(self) -> _Known | None:
        if not self._alive:
            return None
        reach = _REACH if self.chance.random() < 0.7 else len(self._alive)
        return self.chance.choice(self._alive[-reach:])

    def _written(
        self,
        writes: Sequence[Write],
        method: str,
        address: str,
        media_type: str | None = None,
        body: bytes | None = None,
        condition: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """The answer to the writes, which are acknowledged then.

        None where there was none, and nobody will ask again: they may have happened.
        """
        headers = dict(self._authorization) | dict(condition or {})
        if media_type is not None:
            headers["Content-Type"] = media_type
        for write in writes:
            self.history.begin(write)
        gives_up = self.chance.random() < 0.3
        is_again = False
        while True:
            try:
                answer = self.client.ask(method, address, headers, body)
            except Unanswered:
                self.findings.count("writes without an answer")
                if gives_up or self._ending.wait(0.02):
                    return None
                is_again = True
                continue
            if answer.status == 503:
                self._ending.wait(0.02)
                continue
            if self._is_done(answer, method, is_again):
                for write in writes:
                    self.history.acknowledge(write)
                self.findings.count("commits")
                return answer
            self.violated("ANSWER", f"{method} {address}: {answer}")
            return None

    def _is_done(self, answer: Answer, method: str, is_again: bool) -> bool:
        """Whether the answer says so; one that was sent before may have been done then."""
        if method == "DELETE":
            return answer.status == 204 or (is_again and answer.status == 410)
        if method == "PUT":
            # The condition held when it was sent first, and nobody else writes this id.
            return answer.status == 200 or (is_again and answer.status == 412)
        return answer.status == 201 or (answer.status == 200)


class SlowWriter(Writer):
    """Writes now and then, and mostly alone in its second when the others rest."""

    pause = 2.5
    rests = False


class Recorder(Working):
    """Records files with `feedserver record`, a process of its own, and kills some of them."""

    pause = 0.4
    rests = True

    def __init__(self, scene: Scene, installation: Installation) -> None:
        super().__init__("recorder", scene)
        self._installation = installation
        self._drafts = Drafts(self)

    def step(self) -> None:
        """Record one file, to its end."""
        writes = [
            Write(self._drafts.id(), self._drafts.title(), self._drafts.terms())
            for _ in range(self.chance.choice((1, 20)))
        ]
        path = self._installation.write("recorded.ndjson", list(map(_body, writes)))
        for write in writes:
            self.history.begin(write)
        while self._recorded(path) != 0:
            self.findings.count("records killed")
        for write in writes:
            self.history.acknowledge(write)
        self.findings.count("commits")
        self.findings.count("files recorded")

    def _recorded(self, path: str) -> int:
        """Run the command on the file; 1 where it was killed."""
        recording = self._installation.command("record", path, "--source", "second")
        if self.chance.random() < 0.2 and not self._ending.wait(self.chance.uniform(0.2, 0.4)):
            recording.kill()
            recording.communicate(timeout=10)
            return 0 if recording.returncode == 0 else 1
        _, complaint = recording.communicate(timeout=60)
        if recording.returncode != 0:
            raise RuntimeError(f"record: {complaint.decode()}")
        return 0


class Redactor(Working):
    """Redacts activities with `feedserver redact`: one of its own at a time, written before."""

    pause = 1.0
    rests = True

    def __init__(self, scene: Scene, installation: Installation) -> None:
        super().__init__("redactor", scene)
        self._installation = installation
        self._drafts = Drafts(self)
        self._token = installation.token

    def step(self) -> None:
        """Write an activity, edit it, and redact it."""
        id = self._drafts.id()
        versions = [Write(id, self._drafts.title(), self._drafts.terms()) for _ in range(2)]
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": _AS2}
        for write, method, address in zip(
            versions, ("POST", "PUT"), ("/activities", _address(id)), strict=True
        ):
            self.history.begin(write)
            answer = self.client.ask(method, address, headers, _body(write))
            if answer.status not in (200, 201):
                self.violated("ANSWER", f"{method} {address}: {answer}")
                return
            self.history.acknowledge(write)
        self._ending.wait(self.chance.uniform(0, 0.5))
        end = Write(id, None, None)
        self.history.begin(end)
        _, complaint = (redacting := self._installation.command("redact", id)).communicate(
            timeout=60
        )
        if redacting.returncode != 0:
            raise RuntimeError(f"redact: {complaint.decode()}")
        self.history.acknowledge(end)
        self.findings.count("redactions")


def resolve(history: History, ask: Any) -> int:
    """Find out, when all is quiet, which of the doubtful writes have happened; how many were."""
    doubtful = history.doubtful()
    for write in doubtful:
        assert write.acked == inf
        answer = ask("GET", _address(write.id), {"Accept": _AS2})
        if write.title is None:
            has_happened = answer.status == 410
        else:
            has_happened = answer.status == 200 and json.loads(answer.body)["name"] == write.title
        (history.acknowledge if has_happened else history.withdraw)(write)
    return len(doubtful)


def _address(id: str) -> str:
    return f"/activities/{quote(id, safe='')}"


def _body(write: Write) -> bytes:
    assert write.title is not None
    assert write.terms is not None
    return document(write.id, write.title, write.terms, write.is_silent)
