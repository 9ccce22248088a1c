"""From stream entries to rows of COPY: a fast form for what Thor's own publishers write, a strict one for the rest."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import Final

from app.bus.groups import Entry
from app.clock import instant_text
from app.errors import Rejected
from app.market.market import Market
from app.market.sessions import RollWindow
from app.quotes import CLOCK_TOLERANCE, EARLIEST, FIELD_NAMES, SCHEMA_VERSION, Quote, from_fields, to_fields

# The wire's field names in the order of the tick table's columns; session_date is filled in here.
COLUMNS: Final = Quote._fields[: Quote._fields.index("v")]
_KNOWN: Final = frozenset(FIELD_NAMES)
_NEEDED: Final = frozenset({"symbol", "source", "seq", "ts", "recv_ts", "ts_origin", "trade", "delayed", "v"})
_VERSION: Final = str(SCHEMA_VERSION).encode()
_EARLIEST: Final = instant_text(EARLIEST).encode()
_LAYOUTS_KEPT: Final = 64
_MOST_FIELDS: Final = 100
_MOST_BYTES: Final = 65_536
_PRICE: Final = rb"(?:-?[0-9]{1,9}(?:\.[0-9]{1,9})?|\\N)"
_SIZE: Final = rb"(?:[0-9]{1,18}|\\N)"
_DATE: Final = rb"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_INSTANT: Final = _DATE + rb"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
_GRAMMAR: Final[Mapping[str, bytes]] = {
    "symbol": rb"[A-Z0-9][A-Z0-9._-]{0,15}",
    "source": rb"(?:EXCEL|SCHWAB|REPLAY|SIMULATED)",
    "seq": rb"(?:[0-8]?[0-9]{1,18})",
    "ts": _INSTANT,
    "recv_ts": _INSTANT,
    "session_date": _DATE,
    "contract": rb"(?:[A-Z0-9][A-Z0-9._-]{0,23}|\\N)",
    "ts_origin": rb"(?:exchange|local)",
    "last_size": _SIZE,
    "bid_size": _SIZE,
    "ask_size": _SIZE,
    "volume": _SIZE,
    "trade": rb"[01]",
    "delayed": rb"[01]",
}
_LINE: Final = re.compile(rb"\t".join(_GRAMMAR.get(name, _PRICE) for name in COLUMNS) + rb"\n")


@dataclass(frozen=True)
class Reject:
    """An entry that cannot be stored, and why."""

    id: bytes
    reason: str
    words: list[bytes]


@dataclass
class Rows:
    """What a batch of entries comes to: rows with their ids, days they belong to, rejects, and ids with no content."""

    lines: list[bytes] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    days: set[date] = field(default_factory=set)
    rejects: list[Reject] = field(default_factory=list)
    trimmed: list[bytes] = field(default_factory=list)


class RowMaker:
    """Turns entries into rows; remembers the field layouts and the trading day that it met last."""

    def __init__(self, calendar: Market) -> None:
        self._calendar = calendar
        self._names: list[bytes] = []
        self._layout: _Layout | None = None
        self._layouts: dict[tuple[bytes, ...], _Layout | None] = {}
        self._start, self._end, self._day, self._day_text = b"", b"", date.min, b""

    def rows(self, entries: Sequence[Entry], now: datetime, *, strict: bool = False) -> Rows:
        """Sort the entries into rows and rejects; a reject never costs its neighbours.

        `strict` reads every field for itself, for a batch that the database refused.
        """
        made = Rows()
        latest = instant_text(now + CLOCK_TOLERANCE).encode()
        for entry_id, words in entries:
            if words is None:
                made.trimmed.append(entry_id)
                continue
            line = None if strict else self._fast_line(words, latest)
            try:
                made.lines.append(line or self._strict_line(words, now))
            except Rejected as error:
                made.rejects.append(Reject(entry_id, str(error), words))
                continue
            made.ids.append(entry_id)
            made.days.add(self._day)
        return made

    def _fast_line(self, words: list[bytes], latest: bytes) -> bytes | None:
        names = words[::2]
        if names != self._names:
            self._names, self._layout = names, self._layout_of(tuple(names))
        layout = self._layout
        if layout is None:
            return None
        ts, recv_ts, version = words[layout.ts], words[layout.recv_ts], words[layout.version]
        if version != _VERSION or ts > latest or not _EARLIEST <= recv_ts <= latest:
            return None
        if not self._start <= ts < self._end and not self._find_day(ts):
            return None
        line = layout.template % layout.pick([*words, self._day_text])
        return line if _LINE.fullmatch(line) else None

    def _layout_of(self, names: tuple[bytes, ...]) -> "_Layout | None":
        if len(names) > len(_KNOWN):
            return None
        if names not in self._layouts:
            if len(self._layouts) >= _LAYOUTS_KEPT:
                self._layouts.clear()
            self._layouts[names] = _layout(names)
        return self._layouts[names]

    def _find_day(self, ts: bytes) -> bool:
        try:
            self._remember(self._calendar.window_of(datetime.fromisoformat(ts.decode("ascii"))))
        except (ValueError, Rejected):
            return False
        return self._start <= ts < self._end

    def _remember(self, window: RollWindow) -> None:
        self._start, self._end = instant_text(window.start).encode(), instant_text(window.end).encode()
        self._day, self._day_text = window.day, window.day.isoformat().encode()

    def _strict_line(self, words: list[bytes], now: datetime) -> bytes:
        quote = from_fields(_decoded(words), now, self._calendar.session_of)
        self._remember(self._calendar.window_of(quote.ts))
        fields = to_fields(quote)
        known = dict(zip(fields[::2], fields[1::2], strict=True))
        return "\t".join(known.get(name, r"\N") for name in COLUMNS).encode() + b"\n"


@dataclass(frozen=True)
class _Layout:
    """Where a sequence of field names keeps what: positions in the words, and the row they make."""

    ts: int
    recv_ts: int
    version: int
    pick: Callable[[list[bytes]], tuple[bytes, ...]]
    template: bytes


def _layout(names: tuple[bytes, ...]) -> _Layout | None:
    at = {name.decode("ascii", "replace"): 2 * index + 1 for index, name in enumerate(names)}
    if len(at) < len(names) or not _NEEDED <= at.keys() <= _KNOWN:
        return None
    at["session_date"] = 2 * len(names)
    cells, picked = [], []
    for name in COLUMNS:
        if name in at:
            cells.append(b"%b")
            picked.append(at[name])
        else:
            cells.append(rb"\N")
    return _Layout(at["ts"], at["recv_ts"], at["v"], itemgetter(*picked), b"\t".join(cells) + b"\n")


def _decoded(words: list[bytes]) -> dict[str, str]:
    if len(words) > 2 * _MOST_FIELDS or sum(map(len, words)) > _MOST_BYTES:
        raise Rejected(f"an entry of {len(words) // 2} fields and {sum(map(len, words))} bytes is no quote")
    try:
        texts = [word.decode() for word in words]
    except UnicodeDecodeError:
        raise Rejected("a field is not valid UTF-8") from None
    return dict(zip(texts[::2], texts[1::2], strict=True))
