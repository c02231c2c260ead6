"""Full text in SQLite, by FTS5: nothing else here knows how words are kept and found."""

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from feedserver.errors import StoreError
from feedserver.model.activity import Draft
from feedserver.model.search import Word
from feedserver.stores.sql import tables
from feedserver.stores.sql.engine import cursor_of
from feedserver.stores.texts import have, searched

# The words are parted by spaces and hold letters, digits and what is beyond ASCII: this tokenizer
# parts them there and nowhere else. It keeps what it is given, so that a version is taken out by
# its position alone, whatever a later release or Python would make of its text.
_CREATE = "CREATE VIRTUAL TABLE text USING fts5(title, content, tokenize = 'ascii', columnsize = 0)"
_INDEXED = "CREATE VIRTUAL TABLE temp.indexed USING fts5vocab(main, text, row)"

text = sa.table(
    "text",
    sa.column("rowid", sa.Integer),
    sa.column("title", sa.Text),
    sa.column("content", sa.Text),
)
"""The words of each version that has a document, at its position; spaces are between them."""

_FEW = 500  # texts that are read sooner than a beginning is looked up in a million
_positions = msgspec.json.Decoder(list[int])
_HEAD = sa.select(sa.func.coalesce(sa.func.max(tables.version.c.position), 0))
_BEHIND = sa.select(text).where(text.c.rowid > sa.bindparam("after")).order_by(text.c.rowid)


def refuse_without_engine(connection: sa.Connection) -> None:
    """Raise StoreError where this SQLite has no full text."""
    has_it = "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"
    if not connection.exec_driver_sql(has_it).scalar_one():
        raise StoreError(
            "the SQLite of this Python has no full text (FTS5), without which there is no store; "
            "take a Python whose SQLite has it, as those of python.org and Debian do"
        )


def create(connection: sa.Connection) -> None:
    """Make what full text needs in a store that has nothing of it."""
    connection.exec_driver_sql(_CREATE)


def add(connection: sa.Connection, drafts: Iterable[tuple[int, Draft]]) -> None:
    """Make the drafts at those positions be found."""
    add_words(connection, [(position, *words_in(draft)) for position, draft in drafts])


def words_in(draft: Draft) -> tuple[str, str]:
    """The words of its title, and of its content, as `add_words` takes them."""
    title, content = searched(draft)
    return " ".join(title), " ".join(content)


def add_words(connection: sa.Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    """Make what is at those positions be found by these words."""
    if rows:
        cursor_of(connection).executemany(
            "INSERT INTO text (rowid, title, content) VALUES (?, ?, ?)", rows
        )


def remove(connection: sa.Connection, positions: Sequence[int]) -> None:
    """Let the versions at those positions be found no more; `merge` takes the last of them out."""
    connection.exec_driver_sql(
        "DELETE FROM text WHERE rowid = ?", [(position,) for position in positions]
    )


def search(connection: sa.Connection, words: Sequence[Word], after: int) -> Sequence[int]:
    """The positions behind that one at which all the words occur, in order."""
    if after and any(word.is_beginning for word in words):
        # Of a beginning FTS5 reads every place in the log, to tell what is behind the last poll.
        head = connection.execute(_HEAD).scalar_one()
        if head - after <= _FEW:
            rows = connection.execute(_BEHIND, {"after": after})
            return [at for at, *texts in rows if have((text.split() for text in texts), words)]
    # In quotes nothing is an operator, and no word holds a quote.
    asked = " AND ".join(
        f'"{" ".join(word.words)}"{" *" if word.is_beginning else ""}' for word in words
    )
    # As one text instead of a row for each: a million of them take a third of the time.
    found = connection.exec_driver_sql(
        "SELECT json_group_array(rowid) FROM text WHERE text MATCH ? AND rowid > ?", (asked, after)
    )
    return sorted(_positions.decode(found.scalar_one()))


def merge(connection: sa.Connection) -> None:
    """Merge the index: until then it still holds the words of what was removed."""
    connection.exec_driver_sql("INSERT INTO text (text) VALUES ('optimize')")


def indexed(connection: sa.Connection) -> Iterable[tuple[str, int]]:
    """Each word in the index, and how often it occurs in all texts."""
    # FTS5's own check is a statement that writes: it would lock others out as long as it takes.
    connection.exec_driver_sql(_INDEXED)
    rows = connection.exec_driver_sql("SELECT term, cnt FROM temp.indexed")
    return ((row.term, row.cnt) for row in rows)
