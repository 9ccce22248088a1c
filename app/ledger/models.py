"""The ledger's tables: dead letters, committed batches, duplicates, losses, gaps, coverage and the balance of them all.

Stream ids are kept as numbers, milliseconds * 2**64 + part, so that the database can compare them.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Number = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Count = Annotated[int, mapped_column(BigInteger)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Stamped = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Facts = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]


class DeadLetter(Model):
    """One entry of the stream that could not be stored; `fields` holds its words, in base64 where they are not text.

    `truncated` says that `fields` is not all of it. `source`, `symbol` and `session_date` are null where the entry does
    not tell. `correction` holds the fields with which it was stored in the end.
    """

    __tablename__ = "dead_letters"
    __table_args__ = (CheckConstraint("state IN ('open', 'redriven', 'discarded')", name="state"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    stream_id: Mapped[str] = mapped_column(String(40), unique=True)
    reason: Mapped[str] = mapped_column(Text)
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    first_seen: Mapped[Stamped]
    source: Mapped[str | None] = mapped_column(String(16))
    symbol: Mapped[str | None] = mapped_column(String(16))
    session_date: Mapped[date | None] = mapped_column(Date)
    truncated: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    state: Mapped[str] = mapped_column(String(12), server_default="open")
    correction: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    resolved_at: Mapped[Instant | None]


class DeadLetterAction(Model):
    """What somebody did with a dead letter; rows are only ever added."""

    __tablename__ = "dead_letter_actions"

    id: Mapped[Number]
    dead_letter_id: Mapped[int] = mapped_column(ForeignKey("dead_letters.id"), index=True)
    at: Mapped[Stamped]
    action: Mapped[str] = mapped_column(String(12))
    actor: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, server_default="")
    fields: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class IngestBatch(Model):
    """Entries of the stream that were committed: all that the group was given between the two ids, ends included."""

    __tablename__ = "ingest_batches"
    __table_args__ = (Index("ix_ingest_batches_last_id", "last_id"),)

    id: Mapped[Number]
    consumer: Mapped[str] = mapped_column(String(64))
    first_id: Mapped[Decimal] = mapped_column(Numeric(40, 0))
    last_id: Mapped[Decimal] = mapped_column(Numeric(40, 0))
    entries: Mapped[int] = mapped_column(Integer)
    committed_at: Mapped[Stamped]


class DuplicateCount(Model):
    """Entries of the stream whose event was stored already, each entry counted once however often it is delivered."""

    __tablename__ = "duplicate_counts"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_date: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[Count]


class PublishedCount(Model):
    """Events that the holder of a fencing token published, as last read from Redis."""

    __tablename__ = "published_counts"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    symbol: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_date: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[Count]


class GivenNumber(Model):
    """The last number of an epoch that a source gave to an event of a trading day, as far as Redis has told.

    `told_at` is when the number became known here: it was published before.
    """

    __tablename__ = "given_numbers"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    session_date: Mapped[date] = mapped_column(Date, primary_key=True)
    last_seq: Mapped[int] = mapped_column(BigInteger)
    told_at: Mapped[Stamped]


class Loss(Model):
    """Events that are gone, counted once: `ref` names the evidence.

    A row without a symbol tells how many went; rows with `parent_id` say of which source, symbol and day those were.
    """

    __tablename__ = "losses"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('trimmed_unread', 'trimmed_pending', 'stream_reset', 'collector_drop', 'unexplained')",
            name="kind",
        ),
        CheckConstraint("count > 0", name="count_positive"),
    )

    id: Mapped[Number]
    kind: Mapped[str] = mapped_column(String(20))
    ref: Mapped[str] = mapped_column(String(120), unique=True)
    count: Mapped[Count]
    source: Mapped[str | None] = mapped_column(String(16))
    symbol: Mapped[str | None] = mapped_column(String(16))
    session_date: Mapped[date | None] = mapped_column(Date)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("losses.id"), index=True)
    detail: Mapped[Facts]
    observed_at: Mapped[Stamped]


class Gap(Model):
    """A stretch that storage lacks: numbers that were given and not stored, or time in which a source was silent.

    For `sequence`, `missing` numbers of `[from_seq, to_seq]` are not stored, and the times are those of the stored
    neighbours with numbers of the same epoch, or of the one that there is: `preceded_at` is when the one before was
    received, `followed_at` when the one after was stored, null without one. For `feed`, the market was open from
    `from_ts` to `to_ts` without a sign of the source. `symbols` counts what is missing by symbol, as far as is known.
    """

    __tablename__ = "gaps"
    __table_args__ = (
        UniqueConstraint("kind", "source", "session_date", "from_seq", "from_ts"),
        CheckConstraint("kind IN ('sequence', 'feed')", name="kind"),
        CheckConstraint("state IN ('open', 'backfilled', 'unrecoverable')", name="state"),
        Index("ix_gaps_session_date", "session_date"),
    )

    id: Mapped[Number]
    kind: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(16))
    session_date: Mapped[date] = mapped_column(Date)
    from_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    to_seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    missing: Mapped[int] = mapped_column(BigInteger, server_default="0")
    from_ts: Mapped[Instant]
    to_ts: Mapped[Instant]
    preceded_at: Mapped[Instant | None]
    followed_at: Mapped[Instant | None]
    symbols: Mapped[Facts]
    cause: Mapped[str] = mapped_column(String(40), server_default="unknown")
    state: Mapped[str] = mapped_column(String(16), server_default="open")
    found_at: Mapped[Stamped]
    closed_at: Mapped[Instant | None]


class FeedCoverage(Model):
    """In which minutes of a trading day's roll window a source was alive: bit 7 - i % 8 of byte i // 8 is minute i."""

    __tablename__ = "feed_coverage"

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_date: Mapped[date] = mapped_column(Date, primary_key=True)
    minutes: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[Instant]


class Reconciliation(Model):
    """The balance of a source's symbol on a trading day: published = stored + dead + duplicates + lost + in_flight."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        CheckConstraint("verdict IN ('balanced', 'in_flight', 'unexplained', 'surplus')", name="verdict"),
    )

    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(16), primary_key=True)
    session_date: Mapped[date] = mapped_column(Date, primary_key=True)
    published: Mapped[Count]
    stored: Mapped[Count]
    dead: Mapped[Count]
    duplicates: Mapped[Count]
    lost: Mapped[Count]
    in_flight: Mapped[Count]
    verdict: Mapped[str] = mapped_column(String(12))
    at: Mapped[Instant]


class StreamPosition(Model):
    """Up to where a group has acknowledged everything, for the stream of one `generation`."""

    __tablename__ = "stream_positions"

    group_name: Mapped[str] = mapped_column(String(80), primary_key=True)
    generation: Mapped[str] = mapped_column(String(40))
    acknowledged_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[Instant]
