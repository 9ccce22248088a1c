"""Which sheet is read, and how."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Provider = Literal["excel_live", "excel_file", "excel_recorded"]


@dataclass(frozen=True)
class ExcelPlan:
    """The sheet with the quotes.

    `excel_live` reads it from a running Excel, which it opens the workbook in unless `require_open`; `excel_file` reads
    the file as it was last saved; `excel_recorded` plays frames from a file of JSON lines.
    """

    provider: Provider
    file: Path
    sheet: str = "Futures"
    cells: str = "A1:M20"
    require_open: bool = False
    poll_s: float = 0.5
