"""Intake: every draft on its way into the log is made clean here."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import Enum

from feedserver.markup import sanitised
from feedserver.model.activity import Activity, Draft, Extra, Object, Product, Tombstone, Version
from feedserver.model.filter import label
from feedserver.model.identity import tag
from feedserver.model.text import clean, one_line, shorten
from feedserver.model.wording import past
from feedserver.ports import Bookmark, Log

MAX_TITLE = 1000  # characters; a title is one line that is read in a list

_PREPOSITIONS = frozenset({"in", "of", "on", "to", "with"})


Retell = Callable[[Activity], Draft | None]
"""Gives the draft that comes back of a version which was served in a certain dialect."""


class Outcome(Enum):
    """What became of a draft that somebody sent."""

    RECORDED = "recorded"
    KNOWN = "known"
    """Its id is recorded with the same content; nothing was changed."""
    CHANGED = "changed"
    """It is the newest version of its activity now."""
    DELETED = "deleted"
    """A tombstone stands in its place now."""
    GONE = "gone"
    """Its id was deleted, and is never used again; nothing was recorded."""
    CONFLICT = "conflict"
    """Its id is recorded with other content; nothing was changed."""
    FOREIGN = "foreign"
    """Its id is under our own authority, where only sources make ids; nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a draft, and the id that it has or was given."""

    id: str
    outcome: Outcome
    activity: Activity | None = field(default=None, compare=False)
    """What was recorded of it just now, so that nobody has to read it."""


class Intake:
    """Takes drafts and records them.

    `retold` tells of each dialect that cannot say all of an activity what comes back of it: a
    draft that says just that says what is recorded.
    """

    def __init__(
        self,
        log: Log,
        max_title: int = MAX_TITLE,
        retold: Mapping[str, Retell] | None = None,
    ) -> None:
        self._log = log
        self._max_title = max_title
        self._retold = retold or {}
        self._own = f"tag:{log.authority}:"

    def record(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        """Record the drafts, cleaned, with the bookmark; answers as `Log.append`.

        On return they are on disk. Raises StoreError, and then nothing was recorded.
        """
        made = [cleaned(draft, self._max_title) for draft in drafts]
        return self._log.append(made, bookmark)

    def take(
        self, drafts: Sequence[Draft], names: Sequence[str] = (), source: str | None = None
    ) -> tuple[Verdict, ...]:
        """Record what somebody sent, and tell of each draft, in order, what became of it.

        A draft without id gets one: from its place among `names` if they are given, else a new
        one. `source` is that of all of them, None where each has its own. A known id is compared
        with the first and the newest version of it, but for the source, which the sender does not
        choose. On return everything is on disk. Raises StoreError, and then nothing was recorded.
        """
        sent = [
            self._sent(draft, names[index] if names else None, source)
            for index, draft in enumerate(drafts)
        ]
        return self._verdicts(sent)

    def take_made(
        self, drafts: Sequence[Draft], received: datetime | None = None
    ) -> tuple[Verdict, ...]:
        """As `take`, of drafts to which a source of ours has given their ids.

        A draft that says no time is compared without it, and happened when it was `received`,
        which is now where that is None.
        """
        return self._verdicts([self._made(draft, received) for draft in drafts])

    def _made(self, draft: Draft, received: datetime | None) -> "_Sent":
        made = replace(cleaned(draft, self._max_title), occurred=draft.occurred or received)
        has_time = draft.occurred is not None
        return _Sent(made, None, True, None, self._max_title, has_time)

    def _verdicts(self, sent: Sequence["_Sent"]) -> tuple[Verdict, ...]:
        made = self._appended(sent)
        known = [each.draft.id for each, new in zip(sent, made, strict=True) if new is None]
        versions = self._log.versions(known) if known else {}
        return tuple(
            Verdict(each.draft.id, each.compared(versions.get(each.draft.id, ())))
            if new is None
            else Verdict(each.draft.id, Outcome.RECORDED, new)
            for each, new in zip(sent, made, strict=True)
        )

    def take_new(self, drafts: Sequence[Draft]) -> tuple[Activity | None, ...]:
        """Record those that are new of what somebody sent; as `take`, but None for all others."""
        return self._appended([self._sent(draft, None, None) for draft in drafts])

    def _appended(self, sent: Sequence["_Sent"]) -> tuple[Activity | None, ...]:
        appended = iter(self._log.appended([each.draft for each in sent if each.may_be_new]))
        return tuple(next(appended) if each.may_be_new else None for each in sent)

    def change(self, newest: Activity, draft: Draft, is_silent: bool) -> tuple[Outcome, int]:
        """Record the draft as the version that follows the newest one; CHANGED or KNOWN, and where.

        What does not say when it happened, happened when that one did; the source stays. On return
        it is on disk. Raises Moved where there is a newer one already, and StoreError.
        """
        dated = replace(draft, occurred=draft.occurred or newest.draft.occurred)
        made = replace(cleaned(dated, self._max_title), id=newest.id, source=newest.draft.source)
        sent = self._given(made, draft.extra, may_be_new=False)
        if sent.compared([newest]) is Outcome.KNOWN:
            return Outcome.KNOWN, newest.position
        made = sent.completed(newest)
        return Outcome.CHANGED, self._log.replace(newest.position, made, is_silent)

    def _sent(self, draft: Draft, name: str | None, source: str | None) -> "_Sent":
        made = cleaned(draft, self._max_title, source)
        may_be_new = not made.id.lower().startswith(self._own)
        if not made.id:
            name = uuid.uuid4().hex if name is None else name
            made = replace(made, id=tag(self._log.authority, "activities", name))
        return self._given(made, draft.extra, may_be_new)

    def _given(self, made: Draft, extra: Extra | None, may_be_new: bool) -> "_Sent":
        retell = None if extra is None else self._retold.get(extra.dialect)
        return _Sent(made, extra, may_be_new, retell, self._max_title)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A draft that somebody sent, cleaned; `extra` as it was sent, with its dialect.

    `retell` is for a dialect that cannot say all of a draft.
    """

    draft: Draft
    extra: Extra | None
    may_be_new: bool
    retell: Retell | None
    max_title: int
    has_time: bool = True
    """Whether its time is compared, too."""

    def compared(self, versions: Sequence[Version]) -> Outcome:
        """What the versions that are recorded under its id, in their order, make of it."""
        if not versions:
            return Outcome.FOREIGN
        if isinstance(versions[-1], Tombstone):
            return Outcome.GONE
        is_known = any(
            isinstance(version, Activity) and self._is_same(version) for version in versions
        )
        return Outcome.KNOWN if is_known else Outcome.CONFLICT

    def completed(self, newest: Activity) -> Draft:
        """The draft, and of that version what the dialect has no words for, as far as it stands.

        A part that was changed is the sender's; one that came back as it was told is what it was.
        """
        told = self._told(newest)
        if told is None:
            return self.draft
        changed = {
            field.name: getattr(self.draft, field.name)
            for field in fields(Draft)
            if getattr(self.draft, field.name) != getattr(told, field.name)
        }
        return replace(newest.draft, extra=None, **changed)

    def _told(self, version: Activity) -> Draft | None:
        """What comes back of the version in the dialect; None where that is all of it."""
        told = None if self.retell is None else self.retell(version)
        if told is None:
            return None
        return replace(cleaned(told, self.max_title), source=self.draft.source)

    def _is_same(self, version: Activity) -> bool:
        given, recorded = self.extra, version.draft
        kept = recorded.extra
        if given is not None and kept is not None and given.dialect != kept.dialect:
            # In another dialect than it came in it is served without its extra members.
            recorded = replace(recorded, extra=None)
        draft = replace(self.draft, source=recorded.source)
        if not self.has_time:
            draft = replace(draft, occurred=recorded.occurred)
        is_same = draft == recorded
        return is_same or self.draft == self._told(version)


def cleaned(draft: Draft, max_title: int = MAX_TITLE, source: str | None = None) -> Draft:
    """The draft with nothing in it that could break a feed; `source` in the place of its own.

    Characters that XML cannot hold are replaced, HTML is sanitised, titles and names are one
    line, empty names and repetitions are left out. Where an actor has no name or the activity no
    title, they get one.
    """
    actor = _named(_object(draft.actor))
    object = None if draft.object is None else _object(draft.object)
    verb = one_line(draft.verb)
    title = one_line(draft.title) or _sentence(actor, verb, object)
    return Draft(  # of all its parts: `replace` takes three times as long
        id=one_line(draft.id),
        source=one_line(draft.source if source is None else source),
        actor=actor,
        verb=verb,
        object=object,
        target=None if draft.target is None else _object(draft.target),
        customer=None if draft.customer is None else _object(draft.customer),
        title=shorten(title, max_title),
        occurred=draft.occurred,
        content=None if draft.content is None else sanitised(clean(draft.content)) or None,
        queues=_names(draft.queues),
        products=_products(draft.products),
        tags=_names(draft.tags),
        code=_optional(draft.code),
        code_name=_optional(draft.code_name),
        url=_optional(draft.url),
        extra=None if draft.extra is None or draft.extra.is_empty else draft.extra,
    )


def _named(actor: Object) -> Object:
    """The actor with a name: its login or id, where it has neither a word for what it is."""
    if actor.name is not None:
        return actor
    called = label(actor)
    name = actor.login or actor.id or called[:1].upper() + called[1:]
    return replace(actor, name=one_line(name))


def _sentence(actor: Object, verb: str, object: Object | None) -> str:
    done = past(verb)
    if object is None:
        # "Ann sent an e-mail on" is no sentence, "Ann joined" is one.
        rest = " something" if done.rpartition(" ")[2] in _PREPOSITIONS else ""
        return one_line(f"{actor.name} {done}{rest}")
    name = f": {object.name}" if object.number is not None and object.name else ""
    return one_line(f"{actor.name} {done} {label(object)}{name}")


def _object(object: Object) -> Object:
    return Object(
        type=one_line(object.type),
        id=_optional(object.id),
        name=_optional(object.name),
        number=_optional(object.number),
        login=_optional(object.login),
        url=_optional(object.url),
    )


def _optional(text: str | None) -> str | None:
    return one_line(text) or None if text is not None else None


def _names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in map(one_line, names) if name))


def _products(products: Sequence[Product]) -> tuple[Product, ...]:
    made = [Product(one_line(product.name), _optional(product.revision)) for product in products]
    return tuple(dict.fromkeys(product for product in made if product.name))
