"""The index in which messages are found: a table of FTS5 on SQLite, a column of tsvector on PostgreSQL.

It stands outside of the mapped tables, since each database has its own. What is put into it are folded words.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, column, func, literal, literal_column, select, table, text

from ..records.messages import Message
from ..storage.unit_of_work import UnitOfWork
from .query import Query

# Beside the words of titles, those of people and files, of the titles that later messages share, and then of texts.
_TITLE, _TEXT, _ASIDE, _TOPIC = 8.0, 1.0, 3.0, 2.0
# What PostgreSQL can keep of one message: a megabyte, and of each word so many places, none further than the last.
_MOST_BYTES = 900_000
_MOST_PLACES, _LAST_PLACE = 255, 16_383
_GAP = 10


POSTGRES_TABLE = "search_document"
SQLITE_OPTIMIZE = "INSERT INTO search (search) VALUES ('optimize')"
"""Writes the index anew: FTS5 only marks what was taken out, and keeps it until its parts are merged."""


class Document(NamedTuple):
    """What a message is found by: folded words, column by column.

    `topic` is the title of its ticket where it counts for less than `title`, as in all messages but the first.
    """

    message_id: int
    title: Sequence[str]
    people: Sequence[str]
    files: Sequence[str]
    text: Sequence[str]
    topic: Sequence[str]

    @property
    def columns(self) -> tuple[Sequence[str], ...]:
        """All that has words."""
        return self.title, self.topic, self.people, self.files, self.text


class Matches(NamedTuple):
    """The messages that a query finds, for a statement: their ids, how good each is (the lower, the better)."""

    table: Any
    message_id: ColumnElement[int]
    rank: ColumnElement[float]
    found: ColumnElement[bool]


def is_of_index(table_name: str) -> bool:
    """Whether a table is the index itself, which no mapped class knows."""
    return table_name == "search" or (table_name.startswith("search_") and table_name != "search_due")


def matches(uow: UnitOfWork, query: Query) -> Matches:
    """What a query finds."""
    if _is_sqlite(uow):
        weights = [literal(weight) for weight in (_TITLE, _TEXT, _ASIDE, _ASIDE, _TOPIC)]
        rowid: ColumnElement[int] = literal_column("search.rowid")
        return Matches(
            table("search"),
            rowid,
            func.bm25(literal_column("search"), *weights),
            literal_column("search").op("MATCH")(query.for_sqlite()),
        )
    documents = table("search_document", column("message_id"), column("words"))
    tsquery = text("CAST(:asked AS tsquery)").bindparams(asked=query.for_postgres())
    by_letter = text(f"CAST('{{{_TEXT / _TITLE}, {_TOPIC / _TITLE}, {_ASIDE / _TITLE}, 1}}' AS float4[])")
    return Matches(
        documents,
        documents.c.message_id,
        # 1: a word counts for less in a long text.
        -func.ts_rank(by_letter, documents.c.words, tsquery, literal_column("1")),
        documents.c.words.op("@@")(tsquery),
    )


def last_beyond(uow: UnitOfWork, query: Query, count: int) -> int | None:
    """The newest message that a query finds besides the newest `count`; None if it finds no more than these.

    Both databases walk backwards and stop there: what a word in every message costs is the ranks of all. Where there
    are no more messages than that they do not begin.
    """
    hits = matches(uow, query)
    are_enough = select(func.max(Message.id)).scalar_subquery() > count
    beyond = select(hits.message_id).select_from(hits.table).where(are_enough, hits.found)
    beyond = beyond.order_by(hits.message_id.desc())
    message_id: int | None = uow.connection.scalar(beyond.offset(count).limit(1))
    return message_id


def put(uow: UnitOfWork, documents: Sequence[Document]) -> None:
    """Write messages into the index, in place of what it had of them."""
    if not documents:
        return
    if _is_sqlite(uow):
        columns = ("title", "text", "people", "files", "topic")
        rows = [
            {"id": document.message_id, **{name: " ".join(getattr(document, name)) for name in columns}}
            for document in documents
        ]
        uow.connection.execute(_PUT_SQLITE, rows)
    else:
        uow.connection.execute(
            _PUT_POSTGRES, [{"id": document.message_id, "words": _tsvector(document)} for document in documents]
        )


def drop(uow: UnitOfWork, message_ids: Iterable[int]) -> None:
    """Take messages out of the index at once, within this unit of work."""
    rows = [{"id": message_id} for message_id in message_ids]
    if rows:
        uow.connection.execute(_DROP_SQLITE if _is_sqlite(uow) else _DROP_POSTGRES, rows)


_PUT_SQLITE = text(
    "INSERT OR REPLACE INTO search (rowid, title, text, people, files, topic) "
    "VALUES (:id, :title, :text, :people, :files, :topic)"
)
_PUT_POSTGRES = text(
    "INSERT INTO search_document (message_id, words) VALUES (:id, CAST(:words AS tsvector)) "
    "ON CONFLICT (message_id) DO UPDATE SET words = excluded.words"
)
_DROP_SQLITE = text("DELETE FROM search WHERE rowid = :id")
_DROP_POSTGRES = text("DELETE FROM search_document WHERE message_id = :id")


def _is_sqlite(uow: UnitOfWork) -> bool:
    return uow.connection.dialect.name == "sqlite"


def _tsvector(document: Document) -> str:
    """The text of a tsvector: each word with its places, titles first. No phrase reaches over the end of a column."""
    places: dict[str, list[str]] = {}
    room, at = _MOST_BYTES, 1
    for weight, column_words in zip("ACBBD", document.columns, strict=True):
        for word in column_words:
            room -= _noted(places, word, f"{min(at, _LAST_PLACE)}{weight}")
            if room < 0:
                break
            at += 1
        at += _GAP
    return _tsvector_text(places)


def _noted(places: dict[str, list[str]], word: str, place: str) -> int:
    """Note that a word stands at a place; how many bytes more that takes."""
    known = places.get(word)
    if known is None:
        places[word] = [place]
        return len(word.encode()) + 16
    if len(known) < _MOST_PLACES and known[-1] != place:
        known.append(place)
        return 2
    return 0


def _tsvector_text(places: Mapping[str, Sequence[str]]) -> str:
    return " ".join(f"'{word}':{','.join(where)}" for word, where in places.items())
