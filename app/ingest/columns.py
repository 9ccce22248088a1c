"""The fast form of a batch: entries of one layout and one trading day are checked and written column by column.

It takes what Thor's own publishers write, and leaves whatever else there is to the strict reader, which knows why.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, compress, repeat
from operator import itemgetter
from typing import Final, Protocol

from app.clock import instant_text
from app.errors import Rejected
from app.market.sessions import RollWindow
from app.quotes import EARLIEST, FIELD_NAMES, SCHEMA_VERSION, SOURCES, Quote

# The wire's field names in the order of the tick table's columns.
COLUMNS: Final = Quote._fields[: Quote._fields.index("v")]
_DAY: Final = "session_date"  # Found by the calendar, whatever the entry says.
_KNOWN: Final = frozenset(FIELD_NAMES)
_NEEDED: Final = frozenset({"symbol", "source", "seq", "ts", "recv_ts", "ts_origin", "trade", "delayed", "v"})
_EARLIEST: Final = instant_text(EARLIEST).encode()
_GROUPS: Final = 16  # Of what is more varied than this, the rest is read strictly.
_LAYOUTS_KEPT: Final = 256
_VALUES_KEPT: Final = 10_000
_PRICE: Final = rb"-?[0-9]{1,9}(?:\.[0-9]{1,9})?"
_SIZE: Final = rb"[0-9]{1,18}"
_DATE: Final = rb"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_INSTANT: Final = _DATE + rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
_GRAMMAR: Final[Mapping[str, bytes]] = {
    "symbol": rb"[A-Z0-9][A-Z0-9._-]{0,15}",
    "source": b"|".join(source.encode() for source in SOURCES),
    "seq": rb"[0-8]?[0-9]{1,18}",
    "ts": _INSTANT,
    "recv_ts": _INSTANT,
    "contract": rb"[A-Z0-9][A-Z0-9._-]{0,23}",
    "ts_origin": rb"exchange|local",
    **dict.fromkeys(("last_size", "bid_size", "ask_size", "volume"), _SIZE),
    "trade": rb"[01]",
    "delayed": rb"[01]",
    "v": str(SCHEMA_VERSION).encode(),
}
# Hardly any value of these comes twice; of the others, those that were good before are remembered.
_EVER_NEW: Final = ("seq", "ts", "recv_ts", "volume")

_Column = list[bytes]


class Calendar(Protocol):
    """What tells the trading day of an instant."""

    def window_of(self, ts: datetime) -> RollWindow:
        """The whole span of instants that share the trading day of `ts`; Rejected outside of the calendar."""


_NAMES: Final = itemgetter(slice(None, None, 2))

# Where entries with the same names in the same order keep what: places among their words.
_Layout = Mapping[str, int]


@dataclass(frozen=True)
class _Found:
    lines: list[bytes | None]
    days: set[date]


class ColumnReader:
    """Turns entries into rows of COPY; remembers layouts, good values and the trading day that it met last."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._layouts: dict[tuple[bytes, ...], _Layout | None] = {}
        self._checks = {name: _check(name) for name in _KNOWN - {_DAY}}
        self._start, self._end, self._day = b"", b"", date.min

    def read(self, entries: Sequence[list[bytes] | None], latest: bytes) -> tuple[list[bytes | None], set[date]]:
        """The rows in the order of the entries, None where the strict reader must look, and the days of the rows.

        `latest` is the last instant that is not in the future.
        """
        found = _Found([None] * len(entries), set())
        waiting = [place for place, words in enumerate(entries) if words]
        for _group in range(_GROUPS):
            if not waiting:
                break
            words = [entries[place] or [] for place in waiting]
            kinds = list(map(_NAMES, words))
            if kinds.count(kinds[0]) == len(kinds):
                waiting = self._read_alike(waiting, words, latest, found)
            else:
                same = [kind == kinds[0] for kind in kinds]
                others = [place for place, is_same in zip(waiting, same, strict=True) if not is_same]
                alike = list(compress(waiting, same)), list(compress(words, same))
                waiting = self._read_alike(*alike, latest, found) + others
        return found.lines, found.days

    def _read_alike(self, places: list[int], words: list[list[bytes]], latest: bytes, found: "_Found") -> list[int]:
        layout = self._layout_of(tuple(words[0][::2]))
        if layout is None:
            return []
        flat = list(chain.from_iterable(words))
        columns = {name: flat[at :: len(words[0])] for name, at in layout.items()}
        bad = self._bad(columns, latest)
        later = self._of_other_days(columns["ts"], bad)
        for place, line in zip(places, _lines(columns, self._day), strict=True):
            found.lines[place] = line
        for index in chain(bad, later):
            found.lines[places[index]] = None
        if len(bad) + len(later) < len(places):
            found.days.add(self._day)
        return [places[index] for index in later]

    def _layout_of(self, names: tuple[bytes, ...]) -> _Layout | None:
        if len(names) > len(_KNOWN):
            return None
        if names not in self._layouts:
            if len(self._layouts) >= _LAYOUTS_KEPT:
                self._layouts.clear()
            self._layouts[names] = _layout(names)
        return self._layouts[names]

    def _bad(self, columns: Mapping[str, _Column], latest: bytes) -> set[int]:
        bad: set[int] = set()
        for name, column in columns.items():
            if name != _DAY:
                bad.update(self._checks[name].bad(column))
        for name, earliest in (("ts", b""), ("recv_ts", _EARLIEST)):
            column = columns[name]
            if max(column) > latest or min(column) < earliest:
                bad.update(index for index, ts in enumerate(column) if not earliest <= ts <= latest)
        return bad

    def _of_other_days(self, times: _Column, bad: set[int]) -> list[int]:
        # Turns to the day of the first good entry; those of no day at all are bad.
        if self._start <= min(times) and max(times) < self._end:
            return []
        for index, ts in enumerate(times):
            if index in bad:
                continue
            if self._start <= ts < self._end or self._turn_to(ts):
                break
            bad.add(index)
        outside = (index for index, ts in enumerate(times) if not self._start <= ts < self._end)
        return [index for index in outside if index not in bad]

    def _turn_to(self, ts: bytes) -> bool:
        try:
            window = self._calendar.window_of(datetime.fromisoformat(ts.decode("ascii")))
        except (ValueError, Rejected):
            return False
        self._start, self._end = instant_text(window.start).encode(), instant_text(window.end).encode()
        self._day = window.day
        return self._start <= ts < self._end


class _UniqueValues:
    """Checks a column as one text."""

    def __init__(self, grammar: bytes) -> None:
        self._one = re.compile(grammar)
        self._all = re.compile(rb"(?:(?:" + grammar + rb")\n)+")

    def bad(self, column: _Column) -> Iterable[int]:
        text = b"\n".join(column) + b"\n"
        # A line break within a value would make two of one.
        if text.count(b"\n") == len(column) and self._all.fullmatch(text):
            return ()
        return [index for index, value in enumerate(column) if not self._one.fullmatch(value)]


class _RepeatedValues:
    """Checks those values of a column that it has not met before."""

    def __init__(self, grammar: bytes) -> None:
        self._one = re.compile(grammar)
        self._good: set[bytes] = set()

    def bad(self, column: _Column) -> Iterable[int]:
        new = set(column) - self._good
        if not new:
            return ()
        good = {value for value in new if self._one.fullmatch(value)}
        if len(self._good) + len(good) > _VALUES_KEPT:
            self._good.clear()
        self._good |= good
        wrong = new - good
        return [index for index, value in enumerate(column) if value in wrong] if wrong else ()


def _check(name: str) -> _UniqueValues | _RepeatedValues:
    grammar = _GRAMMAR.get(name, _PRICE)
    return _UniqueValues(grammar) if name in _EVER_NEW else _RepeatedValues(grammar)


def _layout(names: tuple[bytes, ...]) -> _Layout | None:
    at = {name.decode("ascii", "replace"): 2 * place + 1 for place, name in enumerate(names)}
    if len(at) < len(names) or not _NEEDED <= at.keys() <= _KNOWN:
        return None
    return at


def _lines(columns: Mapping[str, _Column], day: date) -> Iterable[bytes]:
    known: dict[str, Iterable[bytes]] = {
        **columns,
        _DAY: repeat(day.isoformat().encode()),
        COLUMNS[-1]: [value + b"\n" for value in columns[COLUMNS[-1]]],
    }
    return map(b"\t".join, zip(*(known.get(name, repeat(rb"\N")) for name in COLUMNS), strict=False))
