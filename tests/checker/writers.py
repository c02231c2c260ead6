"""Writers: each writes activities of its own, and knows of each whether it was acknowledged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any
from urllib.parse import quote

from tests.checker.client import Answer, Unanswered
from tests.checker.documents import Terms
from tests.checker.drafts import AS2, ATOM, ENTRY, NDJSON, Drafts, body, media_type, several
from tests.checker.history import History, Write
from tests.checker.installation import Installation
from tests.checker.scene import Scene
from tests.checker.working import Working

_REACH = 20  # of its newest activities a writer changes one most of the time


@dataclass(slots=True)
class _Known:
    """An activity that this writer has written: its last writes, and ETags of it, if any."""

    write: Write
    before: Write | None = None
    etag: str | None = None
    old_etag: str | None = None


class Writer(Working):
    """Posts, edits and deletes over HTTP; asks again, or gives up, where no answer comes."""

    pause = 0.01
    rests = True

    def __init__(self, name: str, scene: Scene, token: str) -> None:
        super().__init__(name, scene)
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._drafts = Drafts(self.name, self.chance)
        self._alive: list[_Known] = []
        self._ended: list[str] = []

    def step(self) -> None:
        """One write."""
        acts = {
            self._post: 28,
            self._post_to_feed: 8,
            self._post_many: 5,
            self._edit: 40,
            self._send_again: 4,
            self._send_back: 2,
            self._delete: 3,
            self._be_refused: 10,
        }
        (act,) = self.chance.choices(list(acts), list(acts.values()))
        act()

    def _post(self) -> None:
        self._post_one(self._drafts.version(self._drafts.id()), "/activities")

    def _post_to_feed(self) -> None:
        """Post to a feed of the queue and of a tag, which the document leaves out."""
        write = self._drafts.version(self._drafts.id())
        tags = sorted(term for term in write.terms or () if term.startswith("tag:"))
        queues = (term for term in write.terms or () if term.startswith("queue:"))
        names = [*queues, *tags[-1:]]
        query = "&".join(term.replace(":", "=") for term in names)
        self._post_one(write, f"/all?{query}", frozenset(names))

    def _post_one(self, write: Write, address: str, left_out: Terms = frozenset()) -> None:
        sent = body(write, left_out)
        answer = self._written([write], "POST", address, media_type(write), sent)
        if answer is None:
            return
        self._alive.append(_Known(write, etag=answer.headers.get("ETag")))
        place = f"{self.client.base}{_address(write.id)}"
        told = answer.headers.get("Location", place), answer.headers.get("Content-Location")
        if told != (place, place):
            self.violated("ANSWER", f"{write.id} is at {told}")

    def _post_many(self) -> None:
        writes = self._drafts.versions(4)
        in_atom = writes[0].is_atom
        kind = ATOM if in_atom else NDJSON
        answer = self._written(writes, "POST", "/activities", kind, several(writes, in_atom))
        if answer is None:
            return
        told = json.loads(answer.body)["verdicts"] if in_atom else _lines(answer.body)
        verdicts = [each["status"] for each in told]
        if len(verdicts) != len(writes) or not set(verdicts) <= {200, 201}:
            self.violated("ANSWER", f"{answer} to {len(writes)} activities")
        self._alive += map(_Known, writes)

    def _edit(self) -> None:
        known = self._one()
        if known is None:
            return
        terms = None
        if known.before is not None and self.chance.random() < 0.5:
            terms = known.before.terms  # so that it comes back to the feeds that it left
        write = self._drafts.version(known.write.id, terms)
        write.is_silent = not write.is_atom and self.chance.random() < 0.4
        condition = {}
        if known.etag is not None and self.chance.random() < 0.5:
            condition["If-Match"] = known.etag
        answer = self._written(
            [write], "PUT", _address(write.id), media_type(write), body(write), condition
        )
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
        headers = self._authorization | {"Content-Type": media_type(write)}
        for method, address in (("PUT", _address(write.id)), ("POST", "/activities")):
            sent = body(replace(write, is_silent=write.is_silent and method == "PUT"))
            answer = self.client.ask(method, address, headers, sent)
            if answer.status not in (200, 503):
                self.violated("ANSWER", f"{method} {address} again: {answer}")

    def _send_back(self) -> None:
        """Send back what is served, as an editor that saves what it has opened; nor of that."""
        known = self._one()
        if known is None:
            return
        address, kind = _address(known.write.id), self.chance.choice((AS2, ENTRY))
        opened = self.client.ask("GET", address, {"Accept": kind.partition(";")[0]})
        if opened.status == 503:
            return
        headers = {"Content-Type": kind, "If-Match": opened.headers["ETag"]}
        answer = self.client.ask("PUT", address, self._authorization | headers, opened.body)
        is_same = answer.status == 200 and answer.headers["ETag"] == opened.headers["ETag"]
        if not is_same and answer.status != 503:
            self.violated("ANSWER", f"PUT {address} as it was served: {answer}")
        self.findings.count("sent back")

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
        write = self._drafts.version(id)
        assert write.title is not None
        self.history.refuse(write.title)
        headers = self._authorization | {"Content-Type": media_type(write)} | condition
        answer = self.client.ask(method, address, headers, body(write))
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
        kind: str | None = None,
        document: bytes | None = None,
        condition: Mapping[str, str] | None = None,
    ) -> Answer | None:
        """The answer to the writes, which are acknowledged then.

        None where there was none, and nobody will ask again: they may have happened.
        """
        headers = dict(self._authorization) | dict(condition or {})
        if kind is not None:
            headers["Content-Type"] = kind
        for write in writes:
            self.history.begin(write)
        gives_up = self.chance.random() < 0.3
        is_again = False
        while True:
            try:
                answer = self.client.ask(method, address, headers, document)
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
        self._drafts = Drafts(self.name, self.chance)

    def step(self) -> None:
        """Record one file, to its end."""
        writes = self._drafts.versions(self.chance.choice((1, 20)))
        in_atom = writes[0].is_atom
        name = "recorded.atom" if in_atom else "recorded.ndjson"
        path = self._installation.write(name, several(writes, in_atom))
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

    pause = 0.6
    rests = True

    def __init__(self, scene: Scene, installation: Installation) -> None:
        super().__init__("redactor", scene)
        self._installation = installation
        self._drafts = Drafts(self.name, self.chance)
        self._token = installation.token

    def step(self) -> None:
        """Write an activity, edit it, and redact it."""
        id = self._drafts.id()
        versions = [self._drafts.version(id) for _ in range(2)]
        for write, method, address in zip(
            versions, ("POST", "PUT"), ("/activities", _address(id)), strict=True
        ):
            self.history.begin(write)
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media_type(write)}
            answer = self.client.ask(method, address, headers, body(write))
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
        answer = ask("GET", _address(write.id), {"Accept": AS2})
        if write.title is None:
            has_happened = answer.status == 410
        else:
            has_happened = answer.status == 200 and json.loads(answer.body)["name"] == write.title
        (history.acknowledge if has_happened else history.withdraw)(write)
    return len(doubtful)


def _address(id: str) -> str:
    return f"/activities/{quote(id, safe='')}"


def _lines(answer: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.splitlines()]
