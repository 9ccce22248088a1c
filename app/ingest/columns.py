"""The fast form of a batch: entries of one layout and one trading day are written column by column and checked at once.

It takes what Thor's own publishers write, and leaves whatever else there is to the strict reader, which knows why.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
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
_VERSION: Final = "v"  # In no row.
_KNOWN: Final = frozenset(FIELD_NAMES)
_NEEDED: Final = frozenset({"symbol", "source", "seq", "ts", "recv_ts", "ts_origin", "trade", "delayed", "v"})
_EARLIEST: Final = instant_text(EARLIEST).encode()
_GROUPS: Final = 16  # Of what is more varied than this, the rest is read strictly.
_LAYOUTS_KEPT: Final = 256
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

_Column = list[bytes]


class Calendar(Protocol):
    """What tells the trading day of an instant."""

    def window_of(self, ts: datetime) -> RollWindow:
        """The whole span of instants that share the trading day of `ts`; Rejected outside of the calendar."""


_NAMES: Final = itemgetter(slice(None, None, 2))


@dataclass(frozen=True)
class _Layout:
    """Of entries with the same names in the same order: what is where among their words, and how their rows look."""

    places: Mapping[str, int]
    rows: re.Pattern[bytes]


@dataclass(frozen=True)
class _Found:
    lines: list[bytes | None]
    days: set[date]


class ColumnReader:
    """Turns entries into rows of COPY; remembers layouts and the trading day that it met last."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._layouts: dict[tuple[bytes, ...], _Layout | None] = {}
        self._checks = {name: _Values(_GRAMMAR.get(name, _PRICE)) for name in _KNOWN - {_DAY}}
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
            flat = list(chain.from_iterable(words))
            if _are_alike(words, flat):
                waiting = self._read_alike(waiting, flat, len(words[0]), latest, found)
            else:
                kinds = list(map(_NAMES, words))
                same = [kind == kinds[0] for kind in kinds]
                others = [place for place, is_same in zip(waiting, same, strict=True) if not is_same]
                alike = list(compress(waiting, same)), list(chain.from_iterable(compress(words, same)))
                waiting = self._read_alike(*alike, len(words[0]), latest, found) + others
        return found.lines, found.days

    def _read_alike(self, places: list[int], flat: _Column, size: int, latest: bytes, found: "_Found") -> list[int]:
        layout = self._layout_of(tuple(flat[:size:2]))
        if layout is None:
            return []
        columns = {name: flat[at::size] for name, at in layout.places.items()}
        if self._is_timely(columns, latest) and not self._checks[_VERSION].bad(columns[_VERSION]):
            lines = _lines(columns, self._day)
            if _are_good(lines, layout.rows):
                for place, line in zip(places, lines, strict=True):
                    found.lines[place] = line
                found.days.add(self._day)
                return []
        return self._read_apart(places, columns, latest, found)

    def _read_apart(
        self, places: list[int], columns: Mapping[str, _Column], latest: bytes, found: "_Found"
    ) -> list[int]:
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

    def _is_timely(self, columns: Mapping[str, _Column], latest: bytes) -> bool:
        first, last = min(columns["ts"]), max(columns["ts"])
        if not (self._start <= first < self._end or self._turn_to(first)):
            return False
        return last < self._end and last <= latest and _is_within(columns["recv_ts"], _EARLIEST, latest)

    def _bad(self, columns: Mapping[str, _Column], latest: bytes) -> set[int]:
        bad: set[int] = set()
        for name, column in columns.items():
            if name != _DAY:
                bad.update(self._checks[name].bad(column))
        for name, earliest in (("ts", b""), ("recv_ts", _EARLIEST)):
            column = columns[name]
            if not _is_within(column, earliest, latest):
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


class _Values:
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


def _are_alike(words: Sequence[list[bytes]], flat: _Column) -> bool:
    # Names that we know have no line break, and others are no layout: so equal texts are equal names.
    size = len(words[0])
    if not size or set(map(len, words)) != {size}:
        return False
    return b"\n".join(flat[::2]) + b"\n" == (b"\n".join(flat[:size:2]) + b"\n") * len(words)


def _are_good(lines: Sequence[bytes], rows: re.Pattern[bytes]) -> bool:
    # With as many line breaks as lines, no value has one, and then no row can match that has a tab too many.
    text = b"".join(lines)
    return text.count(b"\n") == len(lines) and rows.fullmatch(text) is not None


def _is_within(column: _Column, earliest: bytes, latest: bytes) -> bool:
    return earliest <= min(column) and max(column) <= latest


def _layout(names: tuple[bytes, ...]) -> _Layout | None:
    at = {name.decode("ascii", "replace"): 2 * place + 1 for place, name in enumerate(names)}
    if len(at) < len(names) or not _NEEDED <= at.keys() <= _KNOWN:
        return None
    return _Layout(at, _rows(frozenset(at)))


@lru_cache(maxsize=_LAYOUTS_KEPT)
def _rows(names: frozenset[str]) -> re.Pattern[bytes]:
    cells = [_cell(name) if name in {*names, _DAY} else rb"\\N" for name in COLUMNS]
    # Without a way back into rows that are good already.
    return re.compile(b"(?>" + rb"\t".join(cells) + rb"\n)++")


def _cell(name: str) -> bytes:
    return b"(?:" + (_DATE if name == _DAY else _GRAMMAR.get(name, _PRICE)) + b")"


def _lines(columns: Mapping[str, _Column], day: date) -> list[bytes]:
    known: dict[str, Iterable[bytes]] = {
        **columns,
        _DAY: repeat(day.isoformat().encode()),
        COLUMNS[-1]: [value + b"\n" for value in columns[COLUMNS[-1]]],
    }
    return list(map(b"\t".join, zip(*(known.get(name, repeat(rb"\N")) for name in COLUMNS), strict=False)))
