"""The tables of the store, and the version of their schema.

`docs/decisions/0003-store-schema.md` tells how a store of another version will be met. What full
text needs is in `searching`.
"""

import sqlalchemy as sa

SCHEMA_VERSION = 5

metadata = sa.MetaData()

store = sa.Table(
    "store",
    metadata,
    sa.Column("schema_version", sa.Integer, nullable=False),
    sa.Column("written_by", sa.Text, nullable=False),
)
"""One row, and the one table that every version of feedserver can read."""

# SQLite gives a dropped highest rowid again unless the column says AUTOINCREMENT; a cursor would
# then stand on another version without noticing. Dates are microseconds since 1970, UTC: exact,
# and compared as numbers by every database.
log = sa.Table(
    "log",
    metadata,
    sa.Column("epoch", sa.Text, nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("recorded", sa.BigInteger),
    sa.Column("published", sa.BigInteger),
    sa.Column("updated", sa.BigInteger),
    sa.Column("second", sa.BigInteger),
)
"""One row: which log this is, and the latest of each date it has given."""

version = sa.Table(
    "version",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("recorded", sa.BigInteger, nullable=False),
    sa.Column("published", sa.BigInteger, nullable=False),
    sa.Column("updated", sa.BigInteger, nullable=False),
    sa.Column("second", sa.BigInteger, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("kind", sa.Text, nullable=False, server_default="recorded"),
    sa.Column("replaces", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("id", "number"),
    sqlite_autoincrement=True,
)
"""The versions of activities; `number` counts those of one id from 1, `document` is the draft.

`kind` is "recorded", "silent", "deleted" or "redacted"; the last two, and what was erased, have an
empty `document`. `replaces` is the position of the version before, 0 for the first.
"""

bookmark = sa.Table(
    "bookmark",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
)
"""How far each source has been read."""

access_grant = sa.Table(
    "access_grant",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("can_write", sa.Boolean, nullable=False),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("revoked", sa.BigInteger),
)
"""The grants in the order in which they were given; `digest` is all that is kept of a token."""

snapshot = sa.Table(
    "snapshot",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("format", sa.Text, nullable=False),
    sa.Column("epoch", sa.Text, nullable=False),
    sa.Column("before", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("check", sa.LargeBinary, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
"""What the index held of the versions behind `before` and up to `position`; see `ports.Snapshot`.

It can be made again from the log at any time, and names what the activities name: what is redacted
takes it away. `digest` tells it from a damaged one.
"""

kept_record = sa.Table(
    "kept_record",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("received", sa.BigInteger, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.UniqueConstraint("source", "key"),
)
"""The records that could not be mapped, in the order in which they came; see `ports.KeptRecord`.

`document` is JSON: the headers and the value of the record.
"""
