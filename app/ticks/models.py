"""The tick table: one row per quote event, range-partitioned by trading day."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Numeric, String, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Price = Annotated[Decimal | None, mapped_column(Numeric(18, 9))]
Size = Annotated[int | None, mapped_column(BigInteger)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Tick(Model):
    """A stored quote event; columns mean what the fields of `app.quotes.Quote` mean."""

    __tablename__ = "ticks"
    __table_args__ = (
        UniqueConstraint("symbol", "ts", "source", "seq", "session_date"),
        {"postgresql_partition_by": "RANGE (session_date)"},
    )
    symbol: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    seq: Mapped[int] = mapped_column(BigInteger)
    ts: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recv_ts: Mapped[Instant]
    session_date: Mapped[date] = mapped_column(Date)
    contract: Mapped[str | None] = mapped_column(String(24))
    ts_origin: Mapped[str] = mapped_column(String(8))
    last: Mapped[Price]
    bid: Mapped[Price]
    ask: Mapped[Price]
    open: Mapped[Price]
    high: Mapped[Price]
    low: Mapped[Price]
    close: Mapped[Price]
    change: Mapped[Price]
    last_size: Mapped[Size]
    bid_size: Mapped[Size]
    ask_size: Mapped[Size]
    volume: Mapped[Size]
    trade: Mapped[bool] = mapped_column(Boolean)
    delayed: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[Instant] = mapped_column(server_default=func.now())

    # The table has no primary key: the unique constraint is the identity, and the mapper asks for one.
    __mapper_args__ = {"primary_key": [symbol, ts, source, seq, session_date]}  # noqa: RUF012


COLUMNS = tuple(column.name for column in Tick.__table__.columns)
