"""Generators of valid things for tests by property."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from app.market.markets import market
from app.quotes import ORIGINS, SOURCES, Quote

_FIRST = datetime(2000, 1, 2)
_LAST = datetime(2026, 1, 4)


def instants() -> st.SearchStrategy[datetime]:
    """UTC instants with microseconds, 2000 to the first days of 2026."""
    return st.datetimes(_FIRST, _LAST, timezones=st.just(UTC))


def prices() -> st.SearchStrategy[Decimal]:
    """Exact prices of either sign, with at most nine digits on each side of the point."""
    return st.builds(
        lambda units, places: Decimal(units).scaleb(-places),
        st.integers(-(10**9) + 1, 10**9 - 1),
        st.integers(0, 9),
    )


def sizes() -> st.SearchStrategy[int]:
    """Counts, also very large ones."""
    return st.one_of(st.integers(0, 10_000), st.integers(0, 2**63 - 1))


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    """Any valid quote, with any part of it not known that may be so."""
    ts = draw(instants())
    maybe_price, maybe_size = st.none() | prices(), st.none() | sizes()
    return Quote(
        symbol=draw(st.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,15}", fullmatch=True)),
        source=draw(st.sampled_from(SOURCES)),
        seq=draw(sizes()),
        ts=ts,
        recv_ts=draw(instants()),
        session_date=market().session_of(ts),
        contract=draw(st.none() | st.from_regex(r"[A-Z0-9][A-Z0-9._-]{0,23}", fullmatch=True)),
        ts_origin=draw(st.sampled_from(ORIGINS)),
        **{name: draw(maybe_price) for name in ("last", "bid", "ask", "open", "high", "low", "close", "change")},
        **{name: draw(maybe_size) for name in ("last_size", "bid_size", "ask_size", "volume")},
        trade=draw(st.booleans()),
        delayed=draw(st.booleans()),
    )
