"""What the periodic tick can find missing: one small class per step, and the policy that it goes by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from app.bus.stream import STREAM_CAP
from app.operations.alerting.policy import AlertPolicy
from app.operations.displaying import DisplayRule
from app.operations.event_plan import EventStep
from app.operations.premarket.ladder_plan import LadderStep
from app.operations.premarket.policy import PremarketPolicy
from app.quotes import COLLECTED

SILENT_AFTER_S: Final = 45.0


@dataclass(frozen=True)
class TickPolicy:
    """For how many days partitions exist ahead, how far back SSE clients can resume, and how many loops ingest.

    `stream_cap` is the length at which publishers are refused. `sources` are those that the workers here can collect,
    and `collect` those that run while a watched market is open; one that brings nothing new for `silent_after_s` then
    is started again. `display` says when sources disagree, `premarket` which opens are prepared, `alerts` what
    the rules of alerts look at, `bucket` where the lake has a copy.
    """

    partitions_ahead_days: int
    resume_window_s: float
    ingestors: int = 1
    stream_cap: int = STREAM_CAP
    collect: Sequence[str] = ()
    silent_after_s: float = SILENT_AFTER_S
    display: DisplayRule = field(default_factory=DisplayRule)
    sources: Sequence[str] = COLLECTED
    premarket: PremarketPolicy = field(default_factory=PremarketPolicy)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    bucket: str | None = None


@dataclass(frozen=True)
class MakePartitions:
    """Partitions for the days ahead are missing."""


@dataclass(frozen=True)
class WantSource:
    """A watched market is open, or about to, and a source that follows its hours is not wanted."""

    source: str


@dataclass(frozen=True)
class UnwantSource:
    """All watched markets are closed, and a source that follows their hours is wanted still."""

    source: str


@dataclass(frozen=True)
class RestartCollector:
    """A collector brings nothing new although a watched market is open."""

    source: str


@dataclass(frozen=True)
class StartCollector:
    """A wanted source has no holder."""

    source: str


@dataclass(frozen=True)
class StartIngest:
    """Nobody reads the stream in one of the workers' slots, which count from 1."""

    slot: int


@dataclass(frozen=True)
class CheckData:
    """A watched market is open, and the last look at its newest quotes is five minutes old."""


@dataclass(frozen=True)
class NoticeRolls:
    """The last look for changes of contracts is a minute old."""


@dataclass(frozen=True)
class CompareSources:
    """Two live sources are at work, or were a moment ago."""


@dataclass(frozen=True)
class Probe:
    """Ask a queue for a sign of life."""

    queue: str


@dataclass(frozen=True)
class TrimStream:
    """Drop what is stored and older than clients can resume from."""


@dataclass(frozen=True)
class FoldCounts:
    """Copy what Redis knows of publishing and losses to the database."""


@dataclass(frozen=True)
class Reconcile:
    """The last balance is from before the close, or is five minutes old while a session runs or events are missing."""


@dataclass(frozen=True)
class ApplyRetention:
    """A session has closed, and old days may leave the database."""


@dataclass(frozen=True)
class ExportStale:
    """Files of a market's trading day are not what its ticks give."""

    market: str
    day: date


@dataclass(frozen=True)
class PushLake:
    """The bucket lacks files of the lake."""


@dataclass(frozen=True)
class RunJob:
    """An analysis waits, or its worker is lost, and no message of it is on the way as far as is known.

    So many workers have taken it as `attempt` says. An `urgent` one goes before others.
    """

    job_id: int
    attempt: int
    urgent: bool = False


@dataclass(frozen=True)
class EndLostJobs:
    """Analyses are over whose workers are lost: they were lost twice, or are to be cancelled."""


@dataclass(frozen=True)
class ResolvePredictions:
    """The time of predictions has come, and the last look at such is a minute old."""


@dataclass(frozen=True)
class ScoreSession:
    """A session of the desk's market is over, and how predictions had done by then is not kept."""

    day: date


@dataclass(frozen=True)
class SweepAlerts:
    """The last look for what somebody has to know is 15 s old."""


@dataclass(frozen=True)
class DeliverAlerts:
    """Messages about alerts are due."""


Step = (
    EventStep
    | LadderStep
    | MakePartitions
    | WantSource
    | UnwantSource
    | RestartCollector
    | StartCollector
    | StartIngest
    | CheckData
    | NoticeRolls
    | CompareSources
    | Probe
    | TrimStream
    | FoldCounts
    | Reconcile
    | ApplyRetention
    | ExportStale
    | PushLake
    | RunJob
    | EndLostJobs
    | ResolvePredictions
    | ScoreSession
    | SweepAlerts
    | DeliverAlerts
)
