"""From an entry of the CRM's log to a draft: pure, and no odd field keeps it from being made."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

from feedserver.model.activity import Draft, Object
from feedserver.model.identity import tag
from feedserver.model.text import REPLACEMENT, clean, escaped, hash_words
from feedserver.model.vocabulary import type_of
from feedserver.ports import Problem
from feedserver.sources.clarify.codes import (
    CODES,
    ON_THE_PARENT,
    SENT_TO,
    TAKEN_FROM,
    UNKNOWN,
    Code,
)
from feedserver.sources.clarify.entries import Entry, Named, Person, Thing
from feedserver.sources.clarify.times import utc_time
from feedserver.sources.clarify.wording import Wording

_REMEMBERED = 10_000  # people, and as many things


class EntryMapping:
    """Makes drafts of one source's entries.

    `links` are the templates of addresses in the CRM, by type of object: `{id}` is the object's
    number, `{objid}` its key. `wording` is what the site words itself, None for nothing.
    """

    def __init__(
        self,
        authority: str,
        source: str,
        zone: ZoneInfo,
        links: Mapping[str, str],
        wording: Wording | None = None,
    ) -> None:
        self._root = tag(authority, source)
        self._source = source
        self._zone = zone
        self._links = links
        self._wording = wording
        # The same people and things come again and again, and what is made of them is the same.
        self._person = lru_cache(_REMEMBERED)(self._made_person)
        self._thing = lru_cache(_REMEMBERED)(self._made_thing)

    def entry_id(self, objid: int) -> str:
        """The permanent id of the activity of that entry."""
        return self._id("act_entry", objid)

    def draft(self, entry: Entry) -> tuple[Draft, list[Problem]]:
        """The entry's draft, and what was odd about the entry."""
        odd = _oddities(entry)
        texts = [*([] if entry.has_log else [entry.info]), *entry.texts]
        text = clean("\n".join(texts)).strip()
        known_title = entry.thing.title if entry.thing is not None else None
        if REPLACEMENT in text or REPLACEMENT in clean(known_title or ""):
            odd.append("its text holds characters that no feed can carry")
        occurred, odd_time = utc_time(entry.time, self._zone)
        if odd_time is not None:
            odd.append(odd_time)
        code = _code(entry)
        actor, object = self._actor(entry), self._object(entry.thing)
        draft = Draft(
            id=self.entry_id(entry.objid),
            source=self._source,
            actor=actor,
            verb=code.verb,
            object=object,
            title=_title(actor, code, entry, object),
            occurred=occurred,
            target=self._target(entry),
            queues=() if entry.queue is None else (entry.queue,),
            products=() if entry.product is None else (entry.product,),
            tags=_tags(entry, text),
            customer=self._site(entry.site),
            content=_html(text),
            code=None if entry.code is None else str(entry.code),
            code_name=entry.code_name,
        )
        if self._wording is not None:
            draft, unworded = self._wording.reworded(draft, entry, text)
            odd += unworded
        return draft, [Problem(f"act_entry {entry.objid}", text) for text in odd]

    def _id(self, name: str, objid: object) -> str:
        # Six ids an entry: quoting every part again took a seventh of all the time.
        return f"{self._root}/{name}/{objid if isinstance(objid, int) else quote(str(objid))}"

    def _actor(self, entry: Entry) -> Object:
        person = entry.contact or entry.user
        if person is None:
            return Object("service", f"{self._root}/system", "System")
        return self._person(person)

    def _made_person(self, person: Person) -> Object:
        name = person.name or person.login or f"{person.clarify_name} {person.objid}"
        return Object(
            "person", self._id(person.clarify_name, person.objid), name, login=person.login
        )

    def object(self, thing: Thing) -> Object:
        """The object of a thing, the same in every draft."""
        return self._thing(thing)

    def _object(self, thing: Thing | None) -> Object:
        if thing is None:
            return Object("service", self._root, self._source)
        return self.object(thing)

    def _made_thing(self, thing: Thing) -> Object:
        word, link = thing.kind.word, self._links.get(thing.kind.word)
        url = None
        if link is not None and (thing.number is not None or "{id}" not in link):
            number = quote(thing.number or "", safe="")
            url = link.replace("{id}", number).replace("{objid}", str(thing.objid))
        return Object(word, self._id(thing.kind.name, thing.objid), thing.title, thing.number, url)

    def _site(self, site: Named | None) -> Object | None:
        if site is None:
            return None
        return Object("organization", self._id("site", site.objid), site.name)

    def _target(self, entry: Entry) -> Object | None:
        if entry.solution is not None:
            return self._object(entry.solution)
        if entry.assignee is not None:
            return self._person(entry.assignee)
        if entry.step is not None and entry.code in SENT_TO:
            queue = entry.step
            id = None if queue.objid is None else self._id("queue", queue.objid)
            return Object("queue", id, queue.name)
        return None


def _oddities(entry: Entry) -> list[str]:
    odd = []
    if entry.code not in CODES and entry.code_name is None:
        odd.append(f"act_code {entry.code} is unknown and not in the list Activity Name")
    if entry.thing is None:
        odd.append("it belongs to no object")
    elif entry.thing.is_missing:
        odd.append(f"{entry.thing.kind.table} has no objid {entry.thing.objid}")
    if entry.user is None and entry.contact is None:
        odd.append("it has no user")
    for person in (entry.user, entry.contact):
        if person is not None and person.is_missing:
            odd.append(f"table_{person.clarify_name} has no objid {person.objid}")
    if entry.step is None and entry.code in (900, 1100):
        odd.append(f"its text names no queue: {entry.info[:60]!r}")
    return odd


def _code(entry: Entry) -> Code:
    on_case = entry.thing is not None and entry.thing.kind.name == "case"
    if on_case and entry.code in ON_THE_PARENT:
        return ON_THE_PARENT[entry.code]
    return CODES.get(entry.code or 0, UNKNOWN)


def _title(actor: Object, code: Code, entry: Entry, object: Object) -> str:
    queue = f" queue {entry.step.name}" if entry.step else ""
    person = entry.assignee
    solution = entry.solution and f" to solution {entry.solution.number or ''}".rstrip()
    phrase = code.phrase.format(
        object=_called(entry.thing, object),
        subcase=f"subcase {entry.parent_of or ''}".rstrip(),
        to_queue=f" to{queue}" if queue and entry.code in SENT_TO else "",
        from_queue=f" from{queue}" if queue and entry.code in TAKEN_FROM else "",
        to_person=f" to {person.name or person.login}" if person else "",
        to_status=f" to {entry.status}" if entry.status else "",
        to_solution=solution or "",
        for_customer=_for_customer(entry),
        name=entry.code_name or f"activity {entry.code}",
    )
    sentence = f"{actor.name} {phrase}"
    known = entry.thing is not None and entry.thing.title
    return f"{sentence}: {known}" if known else sentence


def _called(thing: Thing | None, object: Object) -> str:
    if thing is None:
        return str(object.name)
    label = type_of(thing.kind.word).label
    if thing.number is not None:
        return f"{label} {thing.number}"
    return f"a {label} that is not there" if thing.is_missing else f"a {label}"


def _for_customer(entry: Entry) -> str:
    reporter = entry.reporter if entry.contact is None else None
    person = f" for {reporter.name}" if reporter is not None and reporter.name else ""
    return person + (f" at {entry.site.name}" if entry.site else "")


def _tags(entry: Entry, text: str) -> tuple[str, ...]:
    title = entry.thing.title if entry.thing is not None and entry.thing.title else ""
    words = hash_words(f"{title}\n{text}") if "#" in title or "#" in text else ()
    return _unique_tags(entry.grades, tuple(words))


@lru_cache(maxsize=1000)
def _unique_tags(grades: tuple[tuple[str, str], ...], words: tuple[str, ...]) -> tuple[str, ...]:
    unique: dict[str, str] = {}
    for name in [*(f"{name}:{value}" for name, value in grades), *words]:
        unique.setdefault(name.casefold(), name)
    return tuple(unique.values())


def _html(text: str) -> str | None:
    """The CRM's plain text as HTML, escaped once; None where there is no text."""
    return escaped(text) if text else None
