"""Made markets: prices in which nothing can be predicted, in sessions of 23 hours, and frames of bars over them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from app.analysis.bars import BAR_SCHEMA, SESSION, TIMEFRAMES
from app.analysis.inputs import SymbolData, Terms
from app.market.sessions import Session

Floats = npt.NDArray[np.float64]
ES = Terms(0.25, 50.0, "USD", ("MES", 5.0))
FIRST_DAY = date(2025, 1, 6)
SESSION_MINUTES = 1_380
# Standard deviation of a year's return, spread over 252 sessions.
YEARLY = 0.1587


def weekdays(count: int, first: date = FIRST_DAY) -> list[date]:
    """So many days from Monday to Friday, in order."""
    found: list[date] = []
    day = first
    while len(found) < count:
        if day.weekday() < 5:
            found.append(day)
        day += timedelta(days=1)
    return found


def hours_of(day: date) -> Session:
    """A session of 23 hours that ends at 21:00 UTC of its trading day."""
    close = datetime(day.year, day.month, day.day, 21, tzinfo=UTC)
    return Session(day, close - timedelta(minutes=SESSION_MINUTES), close)


def sessions_of(bars: pl.DataFrame) -> tuple[Session, ...]:
    """The sessions that bars lie in, in order."""
    return tuple(hours_of(day) for day in bars["session_date"].unique(maintain_order=True))


def diurnal(per_session: int) -> Floats:
    """How volatile the parts of a session are: quiet nights, a busy afternoon; the mean square is 1."""
    place = (np.arange(per_session) + 0.5) / per_session
    shape = 0.6 + 1.6 * np.exp(-(((place - 0.68) / 0.12) ** 2)) + 0.4 * np.exp(-(((place - 0.95) / 0.05) ** 2))
    return shape / np.sqrt(np.mean(shape**2))


def garch_returns(
    dice: np.random.Generator, sessions: int, per_session: int, *, yearly: float = YEARLY, df: float = 5.0
) -> Floats:
    """Returns of a random walk, shape (sessions * per_session,): GARCH(1,1) with Student-t noise times the diurnal."""
    count = sessions * per_session
    alpha, beta = 0.05, 0.94
    noise = dice.standard_t(df, count) * np.sqrt((df - 2) / df)
    variance, found = 1.0, np.empty(count)
    for place in range(count):
        found[place] = np.sqrt(variance) * noise[place]
        variance = (1 - alpha - beta) + alpha * found[place] ** 2 + beta * variance
    return found * np.tile(diurnal(per_session), sessions) * yearly / np.sqrt(252 * per_session)


def prices(returns: Floats, start: float = 5_000.0, tick: float | None = 0.25) -> Floats:
    """Closes of a path, rounded to ticks unless `tick` is None."""
    path = start * np.exp(np.cumsum(returns))
    return path if tick is None else np.round(path / tick) * tick


def frame(
    closes: Floats, timeframe: str, *, volume: int = 100, segment: npt.NDArray[np.int32] | None = None
) -> pl.DataFrame:
    """Bars over closes, full sessions one after the other; each opens at the close before it, highs and lows follow."""
    per_session = 1 if timeframe == SESSION else SESSION_MINUTES * 60 // TIMEFRAMES[timeframe]
    days = weekdays(-(-len(closes) // per_session))
    step = timedelta(minutes=SESSION_MINUTES) if timeframe == SESSION else timedelta(seconds=TIMEFRAMES[timeframe])
    opens = [hours_of(days[place // per_session]).open + place % per_session * step for place in range(len(closes))]
    before = np.concatenate(([closes[0]], closes[:-1]))
    return pl.DataFrame(
        {
            "session_date": [days[place // per_session] for place in range(len(closes))],
            "t_open": opens,
            "t_close": [moment + step for moment in opens],
            "open": before,
            "high": np.maximum(before, closes),
            "low": np.minimum(before, closes),
            "close": closes,
            "volume": np.full(len(closes), volume),
            "tick_count": np.full(len(closes), volume),
            "contract": ["ESH25"] * len(closes),
            "segment": np.zeros(len(closes), np.int32) if segment is None else segment,
        },
        schema=dict(BAR_SCHEMA),
    )


def resampled(bars: pl.DataFrame, timeframe: str) -> pl.DataFrame:
    """Bars of a longer timeframe, made of shorter ones that fit into it whole."""
    opens = {day: hours_of(day).open for day in bars["session_date"].unique()}
    since = bars["t_open"] - bars["session_date"].replace_strict(opens, return_dtype=pl.Datetime("us", "UTC"))
    size = SESSION_MINUTES * 60 if timeframe == SESSION else TIMEFRAMES[timeframe]
    slots = bars.with_columns(slot=since.dt.total_seconds() // size)
    made = slots.group_by("session_date", "slot", maintain_order=True).agg(
        pl.col("t_open").first(),
        pl.col("t_close").last(),
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
        pl.col("tick_count").sum(),
        pl.col("contract").last(),
        pl.col("segment").last(),
    )
    return made.select(BAR_SCHEMA.keys())


def symbol_data(closes: Floats, timeframe: str = "1m", *, symbol: str = "ES", terms: Terms | None = ES) -> SymbolData:
    """A symbol with bars of a timeframe and of all that are longer; its as-of is the last close."""
    longer = list(TIMEFRAMES)[list(TIMEFRAMES).index(timeframe) :]
    base = frame(closes, timeframe)
    bars = {name: base if name == timeframe else resampled(base, name) for name in longer}
    hours = sessions_of(base)
    following = tuple(hours_of(day) for day in weekdays(2, hours[-1].day + timedelta(days=1)))
    return SymbolData(
        symbol=symbol, source="SIMULATED", asof=base["t_close"][-1], hours=hours, sessions_per_year=252.0, bars=bars,
        terms=terms, ticks=len(closes), data_hash="0" * 64, following=following,
    )  # fmt: skip
