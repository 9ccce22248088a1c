"""What the rules of an installation go by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.bus.stream import STREAM_CAP
from app.operations.premarket.policy import PremarketPolicy
from app.quotes import COLLECTED


@dataclass(frozen=True)
class AlertPolicy:
    """`sources` are those that the workers here can collect, `stream_cap` is the length at which publishers are
    refused, the disks of `places` must have room, and `premarket` says which opens are prepared."""

    sources: Sequence[str] = COLLECTED
    stream_cap: int = STREAM_CAP
    places: Sequence[Path] = ()
    premarket: PremarketPolicy = field(default_factory=PremarketPolicy)
