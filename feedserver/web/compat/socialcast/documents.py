"""The documents of Socialcast, element by element, as trees that are written as XML or JSON."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from feedserver.markup import text_of
from feedserver.model.activity import Activity, Object
from feedserver.model.addresses import activity_path, feed_path
from feedserver.model.dates import to_microseconds
from feedserver.model.filter import actor_names, label, make_filter
from feedserver.model.grant import Grant
from feedserver.model.wording import past
from feedserver.services.numbering import number_of
from feedserver.web.compat.socialcast.drafts import COMPANY
from feedserver.web.compat.socialcast.wire import Tree

COMPANY_STREAM = "Company Stream"
"""What the stream of everything is called; clients look for that name."""

_LONGEST_SLUG = 60
_SQUARES = (16, 30, 45, 70, 140)
_NEVER = (
    *("target_user", "in_reply_to", "flag", "watch", "rating", "ratings_average", "ratings_count"),
    *("poll", "embed", "contains_url_only", "thumbnail_url", "player_url", "player_params"),
)
_NONE_OF = ("attachments", "media_files", "external_resources", "extensions", "comments", "likes")
_MAY_NOT = ("likable", "editable", "hidden", "watchable", "ratable", "subscribed")


class Documents:
    """Makes the trees; addresses in them are below `base_url`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._picture = f"{base_url}/static/feed.svg"

    def message(self, number: int, activity: Activity, caller: Grant | None) -> Tree:
        """The activity as a message; `caller` may delete what is its own."""
        draft = activity.draft
        groups = [self.group(queue) for queue in draft.queues]
        address = None if draft.object is None else draft.object.url
        slugged = slug(number, draft.title)
        is_own = caller is not None and caller.can_write and caller.label == draft.source
        return {
            "id": number,
            "title": draft.title,
            "body": text_of(draft.content or "").strip(),
            "action": "shared a link" if draft.verb == "share" else past(draft.verb),
            "verb": draft.verb,
            "message_type": "link" if address else "status_message",
            "icon": self._picture,
            "url": self.api(f"messages/{slugged}"),
            "permalink_url": self._base_url + activity_path(draft.id),
            "external_url": address or draft.url,
            "created_at": iso(activity.dates.published),
            "updated_at": iso(activity.dates.updated),
            "last_interacted_at": epoch(activity.dates.updated),
            "user": self.user(draft.actor),
            **dict.fromkeys(_NEVER),
            "category_id": number_of("product", draft.products[0].name) if draft.products else None,
            "source": self._source(draft.source),
            "group": groups[0] if groups else {},
            "groups": groups,
            "recipients": groups,
            "tags": [{"name": name} for name in draft.tags],
            **{name: [] for name in _NONE_OF},
            "comments_count": 0,
            "likes_count": 0,
            **dict.fromkeys(_MAY_NOT, False),
            "deletable": is_own,
        }

    def user(self, actor: Object) -> dict[str, Any]:
        """An actor as a user; its number is that of its id, else of its login or its name."""
        names = actor_names(actor)
        name = actor.name or label(actor)
        return {
            "type": "User",
            "id": user_number(actor),
            "name": name,
            "username": actor.login or name,
            "url": self._feed("actor", names[0]) if names else self._base_url,
            "terminated": False,
            "inactive": False,
            "avatars": self._avatars(),
        }

    def group(self, queue: str) -> dict[str, Any]:
        """A queue as a group."""
        return self._group(number_of("queue", queue), queue, queue, self._feed("queue", queue))

    def stream(self, queue: str | None, newest: datetime | None) -> Tree:
        """The stream of a queue, or of everything; `newest` is when it was touched last."""
        if queue is None:
            name, everywhere = COMPANY_STREAM, self._base_url + "/all"
            group = self._group(COMPANY, name, name.lower(), everywhere)
        else:
            name, group = queue, self.group(queue)
        return {
            "id": group["id"],
            "name": name,
            "new_updates": False,
            "default": queue is None,
            "custom_stream": False,
            "last_interacted_at": None if newest is None else epoch(newest),
            "group": group,
        }

    def membership(self, queue: str) -> Tree:
        """That whoever asks may read a queue, and post to it with a grant that may write."""
        return {"id": number_of("queue", queue), "role": "member", "group": self.group(queue)}

    def category(self, product: str) -> Tree:
        """A product as a category."""
        return {"id": number_of("product", product), "title": product}

    def community(self, title: str) -> Tree:
        """This server, as a community that credentials open."""
        domain = self._base_url.partition("://")[2]
        subdomain = domain.partition(".")[0].partition(":")[0]
        return {"name": title, "subdomain": subdomain, "domain": domain, "profile": {}}

    def api(self, path: str) -> str:
        """The address of a part of this API."""
        return f"{self._base_url}/api/{path}"

    def _group(self, number: int, name: str, groupname: str, address: str) -> dict[str, Any]:
        return {
            "type": "Group",
            "id": number,
            "name": name,
            "username": groupname,
            "groupname": groupname,
            "url": address,
            "private": False,
            "avatars": self._avatars(),
        }

    def _source(self, name: str) -> Tree:
        address = self._feed("source", name)
        return {"id": slugged(name), "name": name, "formal_name": name, "url": address}

    def _avatars(self) -> Tree:
        return {f"square{size}": self._picture for size in _SQUARES}

    def _feed(self, field: str, value: str) -> str:
        return self._base_url + feed_path(make_filter([(field, False, value)]))


def user_number(actor: Object) -> int:
    """The number of an actor."""
    return number_of("actor", actor.id or actor.login or actor.name or "")


def slug(number: int, title: str) -> str:
    """The number of a message, and what it is about, for people: `425-trying-out`."""
    words = slugged(title)[:_LONGEST_SLUG].strip("-")
    return f"{number}-{words}" if words else str(number)


def slugged(text: str) -> str:
    """The text in small letters of ASCII and hyphens, as far as it can be written so."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def iso(date: datetime) -> str:
    """The date in ISO 8601 with an offset, to the second."""
    return date.isoformat(timespec="seconds")


def epoch(date: datetime) -> int:
    """Whole seconds since 1970."""
    return to_microseconds(date) // 1_000_000
