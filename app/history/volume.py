"""How much cumulative counters grew, where their values alone do not tell: part by part, in the order of ticks.

A counter belongs to a source and a contract. It starts from 0 when its first tick lies in the first minute, else from
just before that tick's own trade. A fall to less than half is a restart from 0; a smaller fall is a correction, and
only what exceeds the highest value counts again. What a counter showed at the open, without a trade, before it
restarted is the previous session's and does not count.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

COUNTED: Final = ("source", "contract", "minute", "volume", "trade", "last_size")
_TOTALS: Final = pa.schema([("source", pa.string()), ("minute", pa.int64()), ("total", pa.int64())])
_Numbers = npt.NDArray[np.int64]


@dataclass(slots=True)
class _Counter:
    last: int
    peak: int
    left_over: int
    restarted: bool = False


class Growth:
    """The growth of the counters of one session, which has so many minutes."""

    def __init__(self, minutes: int) -> None:
        self._counters: dict[tuple[str, str | None], _Counter] = {}
        self._grown: defaultdict[str, _Numbers] = defaultdict(lambda: np.zeros(minutes, np.int64))

    def add(self, ticks: pa.Table) -> None:
        """Count ticks that follow those before, in their order: the columns COUNTED, none without a volume."""
        for key, found in _by_counter(ticks):
            volumes = found.column("volume").to_numpy()
            if key not in self._counters:
                self._counters[key] = _started(found)
            np.add.at(self._grown[key[0]], found.column("minute").to_numpy(), _count(self._counters[key], volumes))

    def totals(self) -> pa.Table:
        """By `source` and `minute`, the `total` of the session up to the minute's end."""
        for (source, _), counter in self._counters.items():
            if not counter.restarted:
                self._grown[source][0] += counter.left_over
                counter.left_over = 0
        return pa.concat_tables([_TOTALS.empty_table(), *(_totals(*found) for found in self._grown.items())])


def _totals(source: str, grown: _Numbers) -> pa.Table:
    columns = [pa.repeat(source, len(grown)), np.arange(len(grown)), grown.cumsum()]
    return pa.table(columns, schema=_TOTALS)


def _by_counter(ticks: pa.Table) -> Iterator[tuple[tuple[str, str | None], pa.Table]]:
    names = ticks.select(["source", "contract"]).group_by(["source", "contract"]).aggregate([]).to_pylist()
    for name in names:
        source, contract = name["source"], name["contract"]
        if len(names) == 1:
            yield (source, contract), ticks
            return
        found = ticks.filter(pc.equal(ticks.column("source"), source))
        contracts = found.column("contract")
        is_its = pc.is_null(contracts) if contract is None else pc.equal(contracts, contract)
        yield (source, contract), found.filter(is_its)


def _started(ticks: pa.Table) -> _Counter:
    first = {name: ticks.column(name)[0].as_py() for name in COUNTED}
    volume = first["volume"]
    if first["minute"] > 0:
        begun = volume - (first["last_size"] or 0 if first["trade"] else 0)
        return _Counter(volume, begun, 0)
    return _Counter(volume, 0, 0) if first["trade"] else _Counter(volume, volume, volume)


def _count(counter: _Counter, volumes: _Numbers) -> _Numbers:
    before = np.concatenate(([counter.last], volumes[:-1]))
    # Not twice the volume, which may be too large a number.
    restarts = volumes < before - volumes
    peaks = _peaks(np.concatenate(([counter.peak], volumes)), np.flatnonzero(restarts) + 1)
    grown: _Numbers = np.maximum(0, volumes - np.where(restarts, 0, peaks[:-1]))
    counter.last, counter.peak = int(volumes[-1]), int(peaks[-1])
    counter.restarted |= bool(restarts.any())
    return grown


def _peaks(values: _Numbers, restarts: npt.NDArray[np.intp]) -> _Numbers:
    found = np.empty_like(values)
    for start, end in pairwise([0, *restarts.tolist(), len(values)]):
        np.maximum.accumulate(values[start:end], out=found[start:end])
    return found
