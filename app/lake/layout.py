"""Where the lake keeps its files: names and safe paths; nothing here reads a file's content."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Final

from app.errors import Conflict, Rejected
from app.quotes import parse_symbol

TICKS: Final = "ticks"
BARS: Final = "bars"
TIMEFRAMES: Final[Mapping[str, int]] = MappingProxyType({"1m": 60, "5m": 300, "1h": 3600})
_DAY = re.compile(r"date=([0-9]{4}-[0-9]{2}-[0-9]{2})")
_SYMBOL = re.compile(r"symbol=([A-Z0-9](?:[A-Z0-9._-]{0,14}(?:[A-Z0-9_-]|%2E))?)")
# Windows drops a dot at the end of a name; readers of hive partitions take this for one.
_LAST_DOT: Final = "%2E"


@dataclass(frozen=True, slots=True)
class Partition:
    """One file of the lake: `day` is the trading day."""

    day: date
    symbol: str
    path: Path


@dataclass(frozen=True)
class Lake:
    """The lake under `root`, which may be a symbolic link itself; below it every component is a real one.

    Every path that a method gives lies under `root`; Rejected for a malformed symbol or timeframe, Conflict where a
    symbolic link stands on the way.
    """

    root: Path

    @property
    def staging(self) -> Path:
        """Where files are written before they are published: on the lake's file system, outside of every glob."""
        return _real(self.root / ".staging")

    def ticks_file(self, day: date, symbol: str) -> Path:
        """The Parquet file with a symbol's ticks of a trading day, whether it exists or not."""
        return self._checked(TICKS, day, symbol, _file_name(""))

    def bars_file(self, day: date, symbol: str, timeframe: str) -> Path:
        """The Parquet file with a symbol's bars of a trading day, whether it exists or not."""
        return self._checked(BARS, day, symbol, _file_name(parse_timeframe(timeframe)))

    def ticks_files(self, start: date, end: date, symbols: Collection[str] | None = None) -> list[Partition]:
        """The tick files that exist for trading days of `[start, end)`, by day and symbol; all symbols by default."""
        return list(self._found(TICKS, _file_name(""), start, end, symbols))

    def bars_files(
        self, timeframe: str, start: date, end: date, symbols: Collection[str] | None = None
    ) -> list[Partition]:
        """The bar files of a timeframe that exist for trading days of `[start, end)`, by day and symbol."""
        return list(self._found(BARS, _file_name(parse_timeframe(timeframe)), start, end, symbols))

    def relative(self, path: Path) -> str:
        """`path` from the root on, with forward slashes: the form in which the manifest names a file."""
        return path.relative_to(self.root).as_posix()

    def _checked(self, kind: str, day: date, symbol: str, name: str) -> Path:
        path = self.root
        for part in (kind, f"date={day.isoformat()}", symbol_folder(symbol), name):
            path = _real(path / part)
        return path

    def _found(
        self, kind: str, name: str, start: date, end: date, symbols: Collection[str] | None
    ) -> Iterator[Partition]:
        for text, folder in _matching(_real(self.root / kind), _DAY):
            day = _as_day(text)
            if day is None or not start <= day < end:
                continue
            for symbol in _symbols_in(_real(folder)) if symbols is None else sorted(symbols):
                if (path := self._checked(kind, day, symbol, name)).is_file():
                    yield Partition(day, symbol, path)


def symbol_folder(symbol: str) -> str:
    """The folder of a symbol's files within a day, a name on every system; Rejected for a malformed symbol."""
    name = f"symbol={parse_symbol(symbol)}"
    return name.removesuffix(".") + _LAST_DOT if name.endswith(".") else name


def parse_timeframe(text: str) -> str:
    """`text` as a timeframe's name; Rejected when there is none of that name."""
    if text not in TIMEFRAMES:
        raise Rejected(f"{text[:20]!r} is not a timeframe: known are {', '.join(TIMEFRAMES)}")
    return text


def parse_timeframes(text: str) -> list[str]:
    """A comma-separated list of timeframes, each once, shortest first; Rejected when none or unknown."""
    asked = {parse_timeframe(part.strip()) for part in text.split(",") if part.strip()}
    if not asked:
        raise Rejected(f"no timeframe is named: write them separated by commas, such as {','.join(TIMEFRAMES)}")
    return [name for name in TIMEFRAMES if name in asked]


def _file_name(timeframe: str) -> str:
    return f"bars_{timeframe}.parquet" if timeframe else "ticks.parquet"


def _symbols_in(folder: Path) -> list[str]:
    return sorted(name.replace(_LAST_DOT, ".") for name, _ in _matching(folder, _SYMBOL))


def _as_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _real(path: Path) -> Path:
    if path.is_symlink():
        raise Conflict(f"{path} is a symbolic link: the lake holds real folders and files only, so replace it")
    return path


def _matching(folder: Path, pattern: re.Pattern[str]) -> list[tuple[str, Path]]:
    if not folder.is_dir():
        return []
    found = ((pattern.fullmatch(entry.name), entry) for entry in folder.iterdir())
    return sorted((match[1], entry) for match, entry in found if match)
