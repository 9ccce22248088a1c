"""What the endpoints of the watchlist take and answer, as OpenAPI shows it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.api.query import SYMBOLS_LIMIT

Name = Annotated[str, Field(max_length=40)]


class WatchlistBody(BaseModel):
    """What shall be watched, in this order, and nothing else: instruments of /api/instruments, each once."""

    model_config = ConfigDict(extra="forbid", title="WatchlistOrder")

    symbols: list[Name] = Field(min_length=1, max_length=SYMBOLS_LIMIT, examples=[["YM", "ES", "NQ"]])


class WatchlistAnswer(BaseModel):
    """What is watched, in the trader's order."""

    model_config = ConfigDict(title="Watchlist")

    symbols: list[str] = Field(examples=[["YM", "ES", "NQ"]])


class WatchlistSetAnswer(WatchlistAnswer):
    """What is watched from now on."""

    model_config = ConfigDict(title="WatchlistSet")

    restarted: list[str] = Field(
        description="sources whose collectors begin anew with it within seconds; the others were told their symbols "
        "otherwise, or are not collected",
        examples=[["SCHWAB"]],
    )
    collectors_told: bool = Field(
        description="false: the list is kept, but Redis could not be asked or told, and a collector that follows the "
        "watchlist may go on with the symbols before until it starts again; set the same list again to have it told"
    )
