"""Frames of a sheet that were written down, played at their pace."""

import json
import math
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

from app.collectors.excel.area import Rows
from app.collectors.excel.plan import ExcelPlan
from app.collectors.excel.readers import SheetMissing


class RecordedFrame(NamedTuple):
    """The cells of a range, and when they were seen, in seconds from the beginning."""

    at_s: float
    rows: Rows


class RecordedReader:
    """Shows, as Excel would, the newest frame that is due, counted from the first read; the last one stays.

    A line of the file is {"at": 0.5, "rows": [["Symbol", "Last"], ["/ES:XCME", 6879.25]]}, with `at` never going back.
    """

    def __init__(self, plan: ExcelPlan, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._frames = _frames(plan.file)
        self._monotonic = monotonic
        self._began: float | None = None
        self._shown: RecordedFrame | None = None
        self._next: RecordedFrame | None = None

    def read(self) -> Rows:
        """The frame that is due; SheetMissing, naming the line, where the file is no recording.

        A reader whose file was found wrong is of no use any more.
        """
        if self._shown is None or self._began is None:
            self._shown, self._next = next(self._frames), next(self._frames, None)
            self._began = self._monotonic() - self._shown.at_s
        while self._next is not None and self._next.at_s <= self._monotonic() - self._began:
            self._shown, self._next = self._next, next(self._frames, None)
        return self._shown.rows

    def close(self) -> None:
        """End the recording."""
        self._frames.close()


def _frames(path: Path) -> Generator[RecordedFrame]:
    before = -math.inf
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    frame = _frame(line, f"line {number} of {path.name}")
                    if frame.at_s < before:
                        raise SheetMissing(f"line {number} of {path.name} is earlier than the one before it")
                    before = frame.at_s
                    yield frame
    except FileNotFoundError:
        raise SheetMissing(f"there is no file {path}: set EXCEL_DATA_FILE to a recording of frames") from None
    except OSError as error:
        raise SheetMissing(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SheetMissing(f"{path.name} is no recording of frames: it is not text in UTF-8") from None
    if before == -math.inf:
        raise SheetMissing(f"{path.name} has no frame")


def _frame(line: str, where: str) -> RecordedFrame:
    try:
        told = json.loads(line)
        at_s, rows = float(told["at"]), told["rows"]
    except (ValueError, TypeError, KeyError, RecursionError):
        rows, at_s = None, math.nan
    if not math.isfinite(at_s) or not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise SheetMissing(f'{where} is no frame like {{"at": 0.5, "rows": [["Symbol", "Last"], ["/ES", 6879.25]]}}')
    width = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or not width:
        raise SheetMissing(f"{where} needs a row of headers and a row below it")
    return RecordedFrame(at_s, [row + [None] * (width - len(row)) for row in rows])
