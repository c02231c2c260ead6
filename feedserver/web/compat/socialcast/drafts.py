"""From a message to a draft: an activity of its own, which is never taken for another one."""

from feedserver.assembly import Server
from feedserver.errors import Fault, InvalidActivity
from feedserver.model.activity import Draft, Object, Product
from feedserver.model.grant import Grant
from feedserver.model.identity import tag
from feedserver.model.iris import fault_of, is_link
from feedserver.model.text import escaped, hash_words, one_line
from feedserver.services.numbering import Numbering
from feedserver.services.recognising import Recognising
from feedserver.web.compat.socialcast.parse import Message

COMPANY = 1
"""The number of the stream in which everything is."""

POSTED, SHARED = "post", "share"
"""The verbs of messages, without and with an address: who shares has not made what he shares."""


class Drafting:
    """Makes drafts of messages for one server, within its limits."""

    def __init__(self, server: Server, numbering: Numbering) -> None:
        limits = server.settings.limits
        self._authority = server.log.authority
        self._numbering = numbering
        self._recognising = Recognising(
            server.log, server.index, server.sources, server.settings.sources
        )
        self._spelling = server.index.find_name
        self._max_title, self._max_tags = limits.max_title, limits.max_tags

    def owner(self, grant: Grant) -> Object:
        """The owner of the credentials, as an actor."""
        id = tag(self._authority, "grants", grant.label)
        return Object("service", id, grant.label, login=grant.label)

    def draft(self, message: Message, grant: Grant) -> Draft:
        """The draft of the message, which the grant's owner sent.

        Raises InvalidActivity where nothing is in it, or a group or category that is none.
        """
        if not (message.title or message.body or message.url or message.files):
            raise InvalidActivity([Fault("", "A message needs a title, a body or a url.")])
        object = self._object(message.url)
        title, text = self._told(message, object)
        group = self._named("queue", "group_id", message.group_id)
        category = self._named("product", "category_id", message.category_id)
        tags: dict[str, str] = {}
        for word in hash_words(f"{message.title}\n{message.body}"):
            tags.setdefault(word.casefold(), word)
        return Draft(
            id="",
            source=grant.label,
            actor=self.owner(grant),
            verb=POSTED if object is None else SHARED,
            object=object,
            title=title,
            content=escaped(text) or None,
            queues=() if group is None else (group,),
            products=() if category is None else (Product(category),),
            tags=tuple(tags.values())[: self._max_tags],
        )

    def _told(self, message: Message, object: Object | None) -> tuple[str, str]:
        """The title and the text: nothing is in both, and nothing is left out."""
        title, body = message.title, message.body
        if not title:
            title, _, body = body.partition("\n")
        title, body = one_line(title), body.strip()
        if len(title) > self._max_title:
            body = f"{title}\n{body}".strip()
        lines = [] if body == title and len(title) <= self._max_title else [body]
        if message.url and object is None:
            lines.append(message.url)
        lines += [f"Attachment not kept: {one_line(name)}" for name in message.files]
        return title, "\n".join(line for line in lines if line)

    def _object(self, url: str) -> Object | None:
        """The object at that address: that of a source, else a page; None for what is no address
        of the web, which stands in the text.
        """
        if not is_link(url) or url.lower().startswith("mailto:"):
            return None
        id = url if fault_of(url) is None else None
        return self._recognising.object_at(url) or Object("page", id, url=url)

    def _named(self, field: str, member: str, value: str) -> str | None:
        """The queue or product that is meant: by its number, else by its name, which may be new."""
        if not value or (field == "queue" and value == str(COMPANY)):
            return None
        is_number = value.isascii() and value.isdigit() and len(value) < 19
        found = self._numbering.find(field, int(value)) if is_number else None
        found = found or self._spelling(field, one_line(value))
        if found is None and is_number:
            told = f"{member} is wrong: no {field} has the number {value}."
            raise InvalidActivity([Fault("", f"The {told} Send the number or the name of one.")])
        return found or one_line(value)
