"""The shapes of the answers, as OpenAPI shows them."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Price = Annotated[str | None, Field(description="decimal text, exact; null = not known", examples=["6751.25"])]
Instant = Annotated[str, Field(description="UTC, microseconds", examples=["2025-10-09T15:30:00.000000Z"])]
State = Literal["live", "delayed", "stale", "closed", "no_source"]


class SourceAnswer(BaseModel):
    """What one live source last said of a symbol, and how that compares with what is displayed."""

    source: Literal["EXCEL", "SCHWAB"]
    ts: Instant
    age_ms: int = Field(description="as_of less ts")
    state: State = Field(description="no_source: nobody collects it from the source at present")
    contract: str | None = Field(description="prices of two contracts are not the same thing", examples=["ESZ25"])
    last: Price
    bid: Price
    ask: Price
    delayed: bool | None = Field(description="the source says that it is delayed")
    mid_difference_ticks: str | None = Field(
        description="middle of bid and ask less that of the displayed quote, in ticks, decimal text; null for the "
        "displayed quote itself, and where they cannot be compared: a side is not known, one is delayed or not at work",
        examples=["-0.5"],
    )
    lag_ms: int = Field(description="how much older than the displayed quote; negative when newer", examples=[350])
    agrees: bool | None = Field(description="the difference is DIVERGENCE_TICKS at most now; null when there is none")


class QuoteAnswer(BaseModel):
    """The quote of a symbol that is displayed; every field is always present, null = not known."""

    symbol: str = Field(examples=["ES"])
    source: Literal["EXCEL", "SCHWAB", "REPLAY", "SIMULATED"] | None
    seq: int | None
    ts: Instant | None = Field(description="time of the event at the source")
    recv_ts: Instant | None
    session_date: str | None = Field(description="trading day", examples=["2025-10-09"])
    contract: str | None = Field(examples=["ESZ25"])
    ts_origin: Literal["exchange", "local"] | None = Field(description="whose clock the time is of")
    last: Price
    bid: Price
    ask: Price
    open: Price
    high: Price
    low: Price
    close: Price
    change: Price
    last_size: int | None
    bid_size: int | None
    ask_size: int | None
    volume: int | None = Field(description="cumulative over the session")
    trade: bool | None = Field(description="this event carries a new trade")
    delayed: bool | None = Field(description="the source says that it is delayed")
    v: int | None = Field(description="version of the quote's form")
    age_ms: int | None = Field(description="as_of less ts; negative when the source's clock runs ahead")
    state: State = Field(
        description="closed: the symbol's own market is; no_source: nobody delivers the symbol; delayed: by its"
        " source's own word, however new it looks; stale: too old, or no news for too long where its clock runs ahead"
    )
    stream_id: str | None = Field(description="the event's id in the stream")
    sources: list[SourceAnswer] = Field(description="every live source that has quoted the symbol since the open")
    disagrees: list[str] = Field(
        description="live sources that differed in every check for 30 s, or lag; checked every 15 s",
        examples=[["EXCEL"]],
    )


class MarketAnswer(BaseModel):
    """The desk's market, whose trading days are those of all quotes."""

    name: str = Field(examples=["CME_Futures"])
    open: bool


class QuotesAnswer(BaseModel):
    """A snapshot; `stream_id` is where /api/quotes/stream goes on without missing an event after it."""

    model_config = ConfigDict(title="Quotes")

    market: MarketAnswer
    as_of: Instant
    stream_id: str | None = Field(description="null while the stream is empty", examples=["1760023800000-0"])
    quotes: list[QuoteAnswer]
    missing: list[str] = Field(description="symbols that never had a quote")


class CheckAnswer(BaseModel):
    """One readiness check, with figures of its own beside these fields."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(examples=["ingest"])
    ok: bool
    detail: str = Field(examples=["1,204 entries behind, last progress 0.3 s ago"])


class ReadinessAnswer(BaseModel):
    """Whether Thor can do its work, and which parts cannot."""

    status: Literal["ready", "not_ready"]
    checks: list[CheckAnswer]


class LivenessAnswer(BaseModel):
    """The process answers."""

    status: Literal["live"]


QUOTES_EXAMPLE: Final[dict[str, Any]] = {
    "market": {"name": "CME_Futures", "open": True},
    "as_of": "2025-10-09T15:30:00.250000Z",
    "stream_id": "1760023800108-0",
    "quotes": [
        {
            "symbol": "ES",
            "source": "SCHWAB",
            "seq": 783500482379,
            "ts": "2025-10-09T15:30:00.101000Z",
            "recv_ts": "2025-10-09T15:30:00.104512Z",
            "session_date": "2025-10-09",
            "contract": "ESZ25",
            "ts_origin": "exchange",
            "last": "6751.25",
            "bid": "6751.00",
            "ask": "6751.25",
            "open": "6748.50",
            "high": "6759.00",
            "low": "6742.75",
            "close": "6747.00",
            "change": "4.25",
            "last_size": 2,
            "bid_size": 31,
            "ask_size": 24,
            "volume": 812344,
            "trade": True,
            "delayed": False,
            "v": 1,
            "age_ms": 149,
            "state": "live",
            "stream_id": "1760023800108-0",
            "sources": [
                {
                    "source": "EXCEL",
                    "ts": "2025-10-09T15:29:59.912000Z",
                    "age_ms": 338,
                    "state": "live",
                    "contract": "ESZ25",
                    "last": "6751.00",
                    "bid": "6750.75",
                    "ask": "6751.00",
                    "delayed": False,
                    "mid_difference_ticks": "-1",
                    "lag_ms": 189,
                    "agrees": True,
                },
                {
                    "source": "SCHWAB",
                    "ts": "2025-10-09T15:30:00.101000Z",
                    "age_ms": 149,
                    "state": "live",
                    "contract": "ESZ25",
                    "last": "6751.25",
                    "bid": "6751.00",
                    "ask": "6751.25",
                    "delayed": False,
                    "mid_difference_ticks": None,
                    "lag_ms": 0,
                    "agrees": None,
                },
            ],
            "disagrees": [],
        }
    ],
    "missing": [],
}
STREAM_EXAMPLE: Final = """: connected
retry: 3412

event: sources
data: {"sources":{"EXCEL":"failed","SCHWAB":"streaming"},"displayed":{"ES":"SCHWAB"}}

id: 1760023800108-0
event: quote
data: {"symbol":"ES","source":"SCHWAB","seq":783500482379,"ts":"2025-10-09T15:30:00.101000Z","last":"6751.25"}

"""
