"""Intake: every draft on its way into the log is made clean here."""

from collections.abc import Sequence
from dataclasses import replace

from feedserver.model.activity import Draft, Object, Product
from feedserver.model.filter import label
from feedserver.model.text import clean, one_line, shorten
from feedserver.ports import Bookmark, Log

MAX_TITLE = 1000  # characters; a title is one line that is read in a list


class Intake:
    """Takes drafts and records them."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def record(self, drafts: Sequence[Draft], bookmark: Bookmark | None = None) -> tuple[int, ...]:
        """Record the drafts, cleaned, with the bookmark; answers as `Log.append`.

        On return they are on disk. Raises StoreError, and then nothing was recorded.
        """
        return self._log.append([cleaned(draft) for draft in drafts], bookmark)


def cleaned(draft: Draft) -> Draft:
    """The draft with nothing in it that could break a feed.

    Characters that XML cannot hold are replaced, titles and names are one line, empty names and
    repetitions are left out. Where an actor has no name or the activity no title, they get one.
    """
    actor, object = _object(draft.actor), _object(draft.object)
    if actor.name is None:
        actor = replace(actor, name=one_line(actor.login or label(actor)))
    verb = one_line(draft.verb)
    title = one_line(draft.title) or one_line(f"{actor.name}: {verb} {label(object)}")
    return replace(
        draft,
        id=one_line(draft.id),
        source=one_line(draft.source),
        actor=actor,
        verb=verb,
        object=object,
        target=None if draft.target is None else _object(draft.target),
        customer=None if draft.customer is None else _object(draft.customer),
        title=shorten(title, MAX_TITLE),
        content=None if draft.content is None else clean(draft.content),
        queues=_names(draft.queues),
        products=_products(draft.products),
        tags=_names(draft.tags),
        code=_optional(draft.code),
        code_name=_optional(draft.code_name),
    )


def _object(object: Object) -> Object:
    return replace(
        object,
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
