"""Instruments in the database: what is traded, and what the trader watches."""

from decimal import Decimal

from sqlalchemy import CheckConstraint, Integer, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model


class TradingInstrument(Model):
    """One futures root; `watch_position` is its place in the default watchlist, None when it is not watched."""

    __tablename__ = "trading_instruments"
    __table_args__ = (CheckConstraint("tick_size > 0", name="tick_size_positive"),)

    symbol: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    mic: Mapped[str] = mapped_column(String(4))
    currency: Mapped[str] = mapped_column(String(3))
    tick_size: Mapped[Decimal] = mapped_column(Numeric(18, 9))
    tick_decimals: Mapped[int] = mapped_column(Integer)
    multiplier: Mapped[Decimal] = mapped_column(Numeric(18, 9))
    price_format: Mapped[str] = mapped_column(String(2))
    calendar: Mapped[str] = mapped_column(String(32))
    schwab_symbol: Mapped[str] = mapped_column(String(24))
    tos_symbol: Mapped[str] = mapped_column(String(24))
    watch_position: Mapped[int | None] = mapped_column(Integer, unique=True)
