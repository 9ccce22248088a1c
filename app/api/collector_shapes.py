"""What the endpoints of collectors take and answer, as OpenAPI shows it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.answers import Instant
from app.operations.collector_states import State


class HolderAnswer(BaseModel):
    """The process that collects a source."""

    host: str
    pid: int
    token: int = Field(description="fencing token; the next holder's is higher")
    kind: Literal["worker", "process"] = Field(description="process: one of the source's own, such as excel-to-redis")


class CrashesAnswer(BaseModel):
    """Starts in a row that came to no good end."""

    count: int
    last_error: str | None
    next_start: Instant | None = Field(description="in a crash loop: no start is tried before")


class CollectorAnswer(BaseModel):
    """How a source is collected; ages and counts are the collector's own, as it wrote them last."""

    model_config = ConfigDict(title="Collector")

    source: Literal["EXCEL", "SCHWAB", "SIMULATED"]
    configured: bool = Field(description="the workers here can collect it")
    wanted: bool = Field(description="it is to be collected now")
    by: Literal["hand", "hours", "process"] | None = Field(description="who decided that; null: nobody")
    holder: HolderAnswer | None
    process: str | None = Field(description="the source's own process, if one lives", examples=["4711@desk"])
    state: State = Field(
        description="needs login, misconfigured, crash loop and no collector last until a person does something"
    )
    detail: str = Field(description="what is the matter, and what to do about it")
    feed: str | None = Field(description="how the source's connection stands", examples=["streaming"])
    change_age_s: float | None = Field(description="since the source brought something new, in s; null: not yet")
    data_age_s: float | None = Field(description="since the source said anything, in s; null: not yet")
    health_age_s: float | None = Field(description="since the collector wrote these figures, in s; null: never")
    steady_since: Instant | None = Field(description="delivers without interruption since; null: it does not")
    rate_per_s: float = Field(description="events per second over the last minute")
    reconnects: int
    restarts: int = Field(description="for the sake of silence, since the source brought something new")
    symbols: list[str]
    silent_symbols: list[str] = Field(description="those that never answered")
    published: int = Field(description="since the collector began")
    spooled: int = Field(description="wait on the collector's disk for Redis")
    dropped: int = Field(description="found neither Redis nor room on the disk")
    crashes: CrashesAnswer
    fenced: str | None = Field(description="what became of a holder that another has displaced")
    last_error: str | None
    login_expires: Instant | None
    figures: dict[str, str] = Field(description="the source's own")


class CollectorsAnswer(BaseModel):
    """Every source that can have a collector."""

    model_config = ConfigDict(title="Collectors")

    as_of: Instant
    collectors: list[CollectorAnswer]
