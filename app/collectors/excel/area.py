"""The cells of a sheet that are read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.errors import Rejected

Row = Sequence[object]
Rows = Sequence[Row]
_CELLS: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")
_LETTERS: Final = 26
_LAST_COLUMN, _LAST_ROW = 16_384, 1_048_576  # Of a sheet of Excel's: XFD and this.
MOST_CELLS: Final = 50_000  # All of them are read each time.


@dataclass(frozen=True)
class Area:
    """A rectangle of cells, rows and columns counted from 1 and its ends included."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """How many columns it has."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """How many rows it has."""
        return self.bottom - self.top + 1

    def cell(self, row: int, column: int) -> str:
        """The name of a cell, by its place within the area counted from 0."""
        return f"{column_name(self.left + column)}{self.top + row}"

    def cut(self, rows: Rows) -> Rows:
        """The area out of a sheet that is given from its first row and column on, filled up with empty cells."""
        picked = [list(row[self.left - 1 : self.right]) for row in rows[self.top - 1 : self.bottom]]
        picked += [[] for _ in range(self.height - len(picked))]
        return [row + [None] * (self.width - len(row)) for row in picked]


def parse_area(text: str) -> Area:
    """The area that is written like A1:M20, its corners in any order.

    Rejected when it is none of two rows or more, lies outside of a sheet, or has more than `MOST_CELLS` cells.
    """
    if not (shape := _CELLS.fullmatch(text.upper())):
        raise Rejected(f"{text[:40]!r} names no cells: write them like A1:M20")
    columns = sorted((_column(shape[1]), _column(shape[3])))
    rows = sorted((int(shape[2]), int(shape[4])))
    if rows[0] == 0 or rows[0] == rows[1]:
        raise Rejected(f"{text[:40]} must have a row of headers and a row below it, like A1:M20")
    if columns[1] > _LAST_COLUMN or rows[1] > _LAST_ROW:
        raise Rejected(f"{text[:40]} is larger than a sheet: name cells like A1:M20")
    area = Area(columns[0], rows[0], columns[1], rows[1])
    if area.width * area.height > MOST_CELLS:
        raise Rejected(f"{text[:40]} has more than {MOST_CELLS:,} cells: name those with quotes, like A1:M20")
    return area


def column_name(number: int) -> str:
    """The letters of a column: A for 1, AA for 27."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number
