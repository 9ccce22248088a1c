"""What was counted in a session's tick file, and its form in a cache."""

import json
from dataclasses import asdict, dataclass, field

# Names of contracts as the source writes them, with the times of their first and last tick, in order.
ContractRuns = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """How far two sources are apart: minutes in which both have a quote, those too far apart, the most, in ticks."""

    minutes: int
    apart: int
    largest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCounts:
    """The counts of one source's ticks in one file; instants and spans are microseconds, instants since 1970 UTC.

    `file_rows` are all rows of the file, `others` the rows by source of those not chosen; `wrong_symbol` and
    `wrong_day` count over all sources. `off_tick` is None where the size of a tick is not known, `regular_gap_us`
    without regular hours, `divergence` where there are no two live sources. `received_us` and `stored_us` are the
    median and the 99th percentile of the delays after `ts`, None without ticks. Without ticks spans are 0.
    """

    file_rows: int
    others: dict[str, int] = field(default_factory=dict)
    wrong_symbol: int = 0
    wrong_day: int = 0
    rows: int = 0
    missing_price: int = 0
    crossed: int = 0
    non_positive: int = 0
    off_tick: int | None = None
    bad_size: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    late: int = 0
    future: int = 0
    outside: int = 0
    spikes: int = 0
    minutes: int = 0
    gap_us: int = 0
    regular_gap_us: int | None = None
    stale_us: int = 0
    received_us: tuple[int, int] | None = None
    stored_us: tuple[int, int] | None = None
    newest_us: int | None = None
    contracts: ContractRuns = ()
    divergence: Divergence | None = None

    def to_bytes(self) -> bytes:
        """The counts as JSON text."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "SessionCounts":
        """The counts that `to_bytes` wrote."""
        told = json.loads(data)
        for name in ("received_us", "stored_us"):
            told[name] = tuple(told[name]) if told[name] else None
        told["contracts"] = tuple((name, first, last) for name, first, last in told["contracts"])
        told["divergence"] = Divergence(**told["divergence"]) if told["divergence"] else None
        return cls(**told)
