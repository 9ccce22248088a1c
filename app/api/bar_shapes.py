"""What GET /api/bars answers, as OpenAPI shows it."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import Instant

Price = Annotated[str, Field(description="decimal text, exact", examples=["6751.25"])]


class BarAnswer(BaseModel):
    """The trades of one source in [t_open, t_close); known only at `t_close`."""

    t_open: Instant
    t_close: Instant
    open: Price
    high: Price
    low: Price
    close: Price
    volume: int | None = Field(description="contracts traded since the bar before; null = the source does not tell")
    tick_count: int = Field(description="events of the source in the bar, trades and quotes")
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"]
    coverage: float | None = Field(
        ge=0, le=1, description="share of the bar's minutes in which the source was alive; null = nothing is known"
    )


class FormingAnswer(BarAnswer):
    """The bar of the bucket that runs: what was traded in it so far, by the rules of all bars; `t_close` lies ahead.

    The live stream's events go on where it ends: those of this symbol and source with a `seq` above `through_seq` are
    not in it yet, nor are those with a `ts` after `through`.
    """

    model_config = ConfigDict(title="FormingBar")

    coverage: None = Field(description="null: it is too early to tell")
    through: Instant = Field(description="`ts` of the newest tick that is in it")
    through_seq: str = Field(
        pattern="^[0-9]+$",
        description="the highest `seq` that was stored of the source in this session, as text: it is beyond the whole "
        "numbers that JavaScript holds",
    )


class HoleAnswer(BaseModel):
    """Buckets of one session that touch and have no bar; nothing is ever filled in."""

    model_config = ConfigDict(title="Hole", populate_by_name=True)

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")
    label: Literal["quiet", "no_feed", "unknown"] = Field(
        description="quiet: the source was alive in every minute and nothing was traded; "
        "no_feed: in some minute of each bucket it was not; unknown: nothing is recorded, or it is too early to tell"
    )


class BarsAnswer(BaseModel):
    """Bars of one source in the order of time; a bucket in which nothing traded has no bar."""

    model_config = ConfigDict(title="Bars")

    symbol: str = Field(examples=["ES"])
    timeframe: str = Field(description="length of a bar", examples=["1m"])
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"] | None = Field(description="null: nobody has bars here")
    sources: list[str] = Field(description="all sources with bars in the range")
    start: Instant
    end: Instant
    bars: list[BarAnswer]
    holes: list[HoleAnswer] = Field(description="where the source has no bar, as far as this answer reaches")
    forming: FormingAnswer | None = Field(
        description="with forming=true: the bar that runs; null when nothing was traded in it, or when the range does "
        "not reach the present"
    )
    truncated: bool = Field(description="more bars follow: ask again from next_start, and with this source")
    next_start: Instant | None
    next_cursor: str | None = Field(description="the same as one word: ask again with it for what follows")
    previous_end: Instant | None = Field(
        description="with last: ask again with this `end`, and with this source, for the bars before; null when there "
        "are none"
    )


BARS_EXAMPLE: Final[dict[str, Any]] = {
    "symbol": "ES",
    "timeframe": "1m",
    "source": "SCHWAB",
    "sources": ["SCHWAB"],
    "start": "2025-10-09T13:30:00.000000Z",
    "end": "2025-10-09T20:00:00.000000Z",
    "bars": [
        {
            "t_open": "2025-10-09T13:30:00.000000Z",
            "t_close": "2025-10-09T13:31:00.000000Z",
            "open": "6751.25",
            "high": "6753",
            "low": "6750.75",
            "close": "6752.5",
            "volume": 6411,
            "tick_count": 2107,
            "source": "SCHWAB",
            "coverage": 1.0,
        }
    ],
    "holes": [{"from": "2025-10-09T13:31:00.000000Z", "to": "2025-10-09T13:33:00.000000Z", "label": "quiet"}],
    "forming": None,
    "truncated": False,
    "next_start": None,
    "next_cursor": None,
    "previous_end": None,
}
CSV_EXAMPLE: Final = (
    "symbol,source,session_date,t_open,t_close,open,high,low,close,volume,tick_count,coverage\n"
    "ES,SCHWAB,2025-10-09,2025-10-09T13:30:00.000000Z,2025-10-09T13:31:00.000000Z,"
    "6751.25,6753,6750.75,6752.5,6411,2107,1\n"
)
