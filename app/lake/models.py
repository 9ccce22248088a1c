"""The manifest's table, one row per file of the lake that was published whole, and which lake it is."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Identity,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model


class LakeFile(Model):
    """A published file. Times are those of the file's rows (of bars: `t_open`); `written_at` is when it was published.

    `timeframe` is empty for ticks. `path` runs from the lake's root, with forward slashes. `min_seq` and `max_seq` are
    null for bars. `sha256` is of the file's bytes. `verified_at` is when the file was last read whole and found as
    published; `purged_at` is when the day's ticks left the database, from where on the file is their only place.
    `damage` says what was wrong when it was last read, null when nothing was.
    """

    __tablename__ = "lake_files"
    __table_args__ = (
        UniqueConstraint("kind", "session_date", "symbol", "timeframe"),
        CheckConstraint("kind IN ('ticks', 'bars')", name="kind"),
        CheckConstraint("rows > 0 AND bytes > 0", name="not_empty"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    session_date: Mapped[date] = mapped_column(Date)
    symbol: Mapped[str] = mapped_column(String(16))
    timeframe: Mapped[str] = mapped_column(String(4), server_default="")
    path: Mapped[str] = mapped_column(Text)
    rows: Mapped[int] = mapped_column(BigInteger)
    min_ts: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    max_ts: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    min_seq: Mapped[int | None] = mapped_column(BigInteger)
    max_seq: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    schema_version: Mapped[int] = mapped_column(Integer)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    purged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    damage: Mapped[str | None] = mapped_column(Text)


class LakeIdentity(Model):
    """Which lake this is, so that a copy elsewhere can be told from that of another; one row, or none before the first
    copy was made."""

    __tablename__ = "lake_identity"
    __table_args__ = (CheckConstraint("only_one", name="one_row"),)
    only_one: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=true())
    lake: Mapped[UUID] = mapped_column(Uuid)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
