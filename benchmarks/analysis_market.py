"""A made market of one symbol, and what is asked of it."""

from dataclasses import dataclass
from typing import Any

from app.analysis.document import Analysis
from app.analysis.engine import analyse
from app.analysis.inputs import SymbolInput
from app.analysis.question import Question
from app.lake.layout import Lake


@dataclass(frozen=True)
class AnalysisMarket:
    """A symbol's files in a lake, asked about once its last session is over."""

    lake: Lake
    wanted: SymbolInput

    @property
    def ticks(self) -> int:
        """How many there are."""
        return sum(file.rows or 0 for file in self.wanted.files)

    @property
    def question(self) -> Question:
        """All that can be asked of all there is."""
        first, last = self.wanted.hours[0].day, self.wanted.hours[-1].day
        return Question(symbols=(self.wanted.symbol,), start=first, end=last)

    def analyse(self, **options: Any) -> Analysis:
        """The answer; `options` are those of the engine."""
        return analyse(self.question, [self.wanted], self.lake, self.wanted.hours[-1].close, **options)
