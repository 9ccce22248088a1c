"""`make faults`: every scenario in its full form, one table of figures; ARGS="name …" plays those alone."""

import contextlib
import logging
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from tests.faults.catalogue import SCENARIOS
from tests.faults.scenario import Outcome, Scale, Scenario, Trial

WIDTH = 180


def main(names: Sequence[str]) -> int:
    """Play and print; 1 when one fails, 2 when a name is not known."""
    quick = "--quick" in names
    wanted = [name for name in names if name != "--quick"]
    known = {scenario.name: scenario for scenario in SCENARIOS}
    if strange := [name for name in wanted if name not in known]:
        print(f"no scenario {', '.join(strange)}: there are {', '.join(known)}", file=sys.stderr)
        return 2
    logging.getLogger().addHandler(logging.NullHandler())  # The table says it better.
    # As Ctrl-C does, so that every block that is open ends what it began.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    table = Table("scenario", "figures", "seconds", "", title="What goes wrong, and what came of it", show_lines=True)
    failed = False
    try:
        for scenario in [known[name] for name in wanted] or SCENARIOS:
            began = time.monotonic()
            outcome = play(scenario, Scale.QUICK if quick else Scale.FULL)
            failed |= not outcome.passed
            table.add_row(scenario.name, _figures(outcome), f"{time.monotonic() - began:.0f}", _verdict(outcome))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        failed = True
    if table.row_count:
        Console(width=None if sys.stdout.isatty() else WIDTH).print(table)
    return int(failed)


def play(scenario: Scenario, scale: Scale) -> Outcome:
    """Play one scenario in a directory of its own; one that breaks off or takes too long has failed."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:5.0f} s  {scenario.name}: {line}", flush=True)

    directory = Path(tempfile.mkdtemp(prefix=f"thor-{scenario.name}-"))
    say("begins")
    try:
        with _bounded(scenario.limit_s):
            outcome = scenario.run(Trial(scale, directory, say))
    except Exception as error:
        traceback.print_exc()
        outcome = Outcome({}, [f"it broke off: {type(error).__name__}: {str(error)[:300]}"])
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    say("passed" if outcome.passed else "FAILED")
    return outcome


@contextlib.contextmanager
def _bounded(limit_s: float) -> Iterator[None]:
    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"it took longer than {limit_s:g} s")

    before = signal.signal(signal.SIGALRM, give_up)
    set_before = signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *set_before)


def _figures(outcome: Outcome) -> str:
    shown = (
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in outcome.figures.items()
    )
    return ", ".join(shown)


def _verdict(outcome: Outcome) -> str:
    return "pass" if outcome.passed else "\n".join(["FAILED", *outcome.wrong, *outcome.slow])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
