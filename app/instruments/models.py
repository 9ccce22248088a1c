"""Instruments in the database: what is traded and watched, what it weighs, and when its contract changed."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Integer, Numeric, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model


class TradingInstrument(Model):
    """One futures root; `watch_position` is its place in the default watchlist, None when it is not watched."""

    __tablename__ = "trading_instruments"
    __table_args__ = (
        CheckConstraint("tick_size > 0", name="tick_size_positive"),
        CheckConstraint("tick_decimals BETWEEN 0 AND 9", name="tick_decimals"),
        CheckConstraint("multiplier > 0", name="multiplier_positive"),
        CheckConstraint("price_format IN ('D', '32')", name="price_format"),
    )

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

    @property
    def tick_value(self) -> Decimal:
        """What one tick of one contract is worth, in `currency`."""
        return self.tick_size * self.multiplier


class ContractWeight(Model):
    """What a symbol weighs in a named composite from a date on, until a later row says otherwise.

    A negative weight is a short leg; 0 takes the symbol out of the composite from that date on. Weights need not add up
    to anything: whoever uses them divides by what they need.
    """

    __tablename__ = "contract_weights"
    __table_args__ = (
        # NaN is greater than every number.
        CheckConstraint("weight BETWEEN -1000 AND 1000", name="finite"),
        CheckConstraint("composite ~ '^[a-z0-9][a-z0-9_-]*$'", name="composite"),
    )

    composite: Mapped[str] = mapped_column(String(32), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(16), ForeignKey("trading_instruments.symbol"), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    weight: Mapped[Decimal] = mapped_column(Numeric(12, 6))


class SignalWeight(Model):
    """What a signal weighs from a date on, until a later row says otherwise, and the bounds that a fit must keep.

    0 switches the signal off. A signal that has no row is neutral: it weighs 1.
    """

    __tablename__ = "signal_weights"
    __table_args__ = (
        CheckConstraint("min_weight >= 0 AND max_weight <= 1000", name="finite"),
        CheckConstraint("weight BETWEEN min_weight AND max_weight", name="bounds"),
        CheckConstraint("signal ~ '^[a-z0-9][a-z0-9_-]*$'", name="signal"),
    )

    signal: Mapped[str] = mapped_column(String(32), primary_key=True)
    valid_from: Mapped[date] = mapped_column(Date, primary_key=True)
    weight: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    min_weight: Mapped[Decimal] = mapped_column(Numeric(12, 6))
    max_weight: Mapped[Decimal] = mapped_column(Numeric(12, 6))


class ContractRoll(Model):
    """One change of the contract that a source quotes under a symbol; `number` counts them from 1 in order of time.

    `first`: the first contract that was noticed, no change yet. `roll`: to a contract that delivers later than all
    before. `switch`: any other change, such as back to an older contract. `last_ts` is the last event of
    `from_contract`, `first_ts` the first of `to_contract` after it, and `session_date` its trading day.
    """

    __tablename__ = "contract_rolls"
    __table_args__ = (
        UniqueConstraint("symbol", "source", "first_ts"),
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("kind IN ('first', 'roll', 'switch')", name="kind"),
        CheckConstraint("(kind = 'first') = (number = 1)", name="begins_with_first"),
        CheckConstraint(
            "(kind = 'first') = (from_contract IS NULL) AND (kind = 'first') = (last_ts IS NULL)", name="changes_from"
        ),
        CheckConstraint("from_contract <> to_contract AND last_ts <= first_ts", name="changes"),
    )

    symbol: Mapped[str] = mapped_column(String(16), primary_key=True)
    source: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    from_contract: Mapped[str | None] = mapped_column(String(24))
    to_contract: Mapped[str] = mapped_column(String(24))
    last_ts: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    first_ts: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    session_date: Mapped[date] = mapped_column(Date)
    noticed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
