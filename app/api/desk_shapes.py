"""What the endpoint of the installation answers, as OpenAPI shows it."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field


class DeskMarket(BaseModel):
    """A market whose hours Thor knows."""

    name: str = Field(examples=["CME_Futures"])
    timezone: str = Field(description="in which it states its hours", examples=["America/Chicago"])


class DeskAnswer(BaseModel):
    """What a front end must know of this installation; it stays the same for as long as the server runs, but for
    Flower's address, which depends on who asks, too."""

    model_config = ConfigDict(title="Desk")

    version: str = Field(description="Thor's", examples=["0.1.0"])
    market: str = Field(description="the desk's market, whose trading days count", examples=["CME_Futures"])
    timezone: str = Field(description="in which times are shown unless the user chooses another")
    markets: list[DeskMarket]
    flower_url: str | None = Field(
        description="the page of the task queues; null: where it is is not known, or only a browser on the "
        "server's own machine reaches it and yours is elsewhere"
    )
    admin_path: str
    docs_path: str
    stale_after_ms: int = Field(description="age after which a quote of an open market is stale")
    sse_heartbeat_ms: int = Field(description="longest silence of a stream that is alive")
    sse_max_clients: int = Field(description="streams that the server serves at once")
    source_preference: list[str] = Field(
        description="which source is shown where several quote a symbol, the first that can be trusted",
        examples=[["SCHWAB", "EXCEL"]],
    )
    divergence_ticks: float = Field(description="ticks between two sources' mid prices that raise an alarm")


DESK_EXAMPLE: Final[dict[str, Any]] = {
    "version": "0.1.0",
    "market": "CME_Futures",
    "timezone": "America/Chicago",
    "markets": [
        {"name": "CME_Futures", "timezone": "America/Chicago"},
        {"name": "US_Equity", "timezone": "America/New_York"},
    ],
    "flower_url": "http://127.0.0.1:5555/",
    "admin_path": "/admin/",
    "docs_path": "/docs",
    "stale_after_ms": 15000,
    "sse_heartbeat_ms": 5000,
    "sse_max_clients": 200,
    "source_preference": ["SCHWAB", "EXCEL"],
    "divergence_ticks": 4.0,
}
