"""What a fault scenario is: something that goes wrong, figures of what came of it, and a judgement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Scale(Enum):
    """How much of a scenario is played: seconds of it in `make test`, the issue's numbers in `make faults`."""

    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True)
class Trial:
    """One run of a scenario: its scale, an empty directory of its own, and a way to tell how far it is.

    `say` takes a line of progress. The directory is removed after the trial. `planted` names a bug
    of `tests.faults.mutants` that Thor's processes have in this trial, whose outcome must then be wrong.
    """

    scale: Scale
    directory: Path
    say: Callable[[str], None] = print
    planted: str = ""

    def pick(self, quick: int, full: int) -> int:
        """The number that belongs to the scale."""
        return full if self.scale is Scale.FULL else quick


@dataclass(frozen=True)
class Outcome:
    """What a trial showed: figures for the table, what was wrong, and which limits of time were missed.

    `wrong` is judged always; `slow` is judged by `make faults` alone, because a busy machine is no fault of the code.
    Each of them is a list of sentences, empty where all is well.
    """

    figures: Mapping[str, object]
    wrong: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong and every limit was kept."""
        return not self.wrong and not self.slow


@dataclass(frozen=True)
class Scenario:
    """A named scenario; `limit_s` bounds its full form. Listed in `tests/faults/__main__.py`, tested in a `test_*.py`.

    KILLS = Scenario("exporter-kills", play, limit_s=300)
    KILLS.run(Trial(Scale.QUICK, tmp_path)).wrong == []
    """

    name: str
    run: Callable[[Trial], Outcome]
    limit_s: float = 300.0
