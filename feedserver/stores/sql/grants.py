"""The grants in a SQL database, beside the log."""

from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from feedserver.errors import Conflict
from feedserver.model.dates import from_microseconds, to_microseconds
from feedserver.model.grant import Grant
from feedserver.stores.sql import tables
from feedserver.stores.sql.changes import Changes
from feedserver.stores.sql.engine import writing

_grant = tables.access_grant.c
_ALL = "SELECT label, digest, can_write, created, revoked FROM access_grant ORDER BY id"
_IN_FORCE = sa.and_(_grant.label == sa.bindparam("called"), _grant.revoked.is_(None))


class SqlGrants:
    """The grants in a database that `stores.sql.opening.open_log` has prepared."""

    def __init__(self, engine: sa.Engine, changes: Changes) -> None:
        self._engine = engine
        self._changes = changes
        self._kept: tuple[int, tuple[Grant, ...]] | None = None

    def add(self, grant: Grant) -> None:
        with writing(self._engine) as connection:
            # Looked for under the writer's lock: of two that add one label, one finds the other.
            found = sa.select(_grant.id).where(_IN_FORCE)
            if connection.execute(found, {"called": grant.label}).first() is not None:
                raise Conflict(
                    f"a grant called {grant.label} is in force; revoke it, or name another"
                )
            connection.execute(
                sa.insert(tables.access_grant).values(
                    label=grant.label,
                    digest=grant.digest,
                    can_write=grant.can_write,
                    created=to_microseconds(grant.created),
                    revoked=None if grant.revoked is None else to_microseconds(grant.revoked),
                )
            )

    def all(self) -> tuple[Grant, ...]:
        # Each request asks for them, and what another process revokes ends at once: they are read
        # anew whenever anything was committed since.
        changes, kept = self._changes.count(), self._kept
        if kept is None or kept[0] != changes:
            kept = self._kept = changes, tuple(_read(*row) for row in self._changes.read(_ALL))
        return kept[1]

    def revoke(self, label: str, when: datetime) -> bool:
        ended = sa.update(tables.access_grant).where(_IN_FORCE)
        with writing(self._engine) as connection:
            changed = connection.execute(
                ended.values(revoked=to_microseconds(when)), {"called": label}
            )
            return changed.rowcount > 0


@lru_cache(maxsize=1000)  # While much is written each request reads them: the dates take longest.
def _read(label: str, digest: bytes, can_write: int, created: int, revoked: int | None) -> Grant:
    return Grant(
        label,
        digest,
        bool(can_write),
        from_microseconds(created),
        None if revoked is None else from_microseconds(revoked),
    )
