"""`make nulls`: every null and planted test in its full size, as a table; names as arguments run some of them."""

import argparse
import importlib
import os
import pkgutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

import tests.nulls
from tests.nulls.check import NullCheck, Observed

# A process each uses one core; what numerical libraries would start besides only slows the others down.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")


def all_checks() -> dict[str, NullCheck]:
    """The checks of all modules of this package, by name, in the order of their numbers."""
    names = (found.name for found in pkgutil.iter_modules(tests.nulls.__path__) if not found.name.startswith("test_"))
    modules = (importlib.import_module(f"tests.nulls.{name}") for name in names if name != "__main__")
    found = [check for module in modules for check in getattr(module, "CHECKS", ())]
    return {check.name: check for check in sorted(found, key=lambda check: _order(check.name))}


def run_check(name: str, size: str) -> tuple[Observed, float]:
    """What one check shows in its `full` or `quick` size, and the seconds that it took."""
    check, began = all_checks()[name], time.monotonic()
    return check.run(getattr(check, size)), time.monotonic() - began


def main(arguments: list[str]) -> int:
    """Print the table; 1 when something lies outside of its bounds."""
    parser = argparse.ArgumentParser(prog="python -m tests.nulls", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="N8", help="checks to run (default: all)")
    parser.add_argument("--quick", action="store_true", help="the sizes that `make test` runs")
    chosen = parser.parse_args(arguments)
    checks = all_checks()
    if unknown := set(chosen.names) - checks.keys():
        parser.error(f"there is no check {', '.join(sorted(unknown))}: known are {', '.join(checks)}")
    size = "quick" if chosen.quick else "full"
    table = Table("check", "what", "runs", "observed", "accepted", "verdict", "s", title="What chance alone gives")
    failed = False
    for check, observed, seconds in _results([checks[name] for name in chosen.names or checks], size):
        failed |= not observed.passed
        verdict = "ok" if observed.passed else "FAILED"
        runs = str(getattr(check, size))
        table.add_row(check.name, check.what, runs, observed.text, check.accept, verdict, f"{seconds:.0f}")
        print(f"{check.name}: {verdict} ({observed.text})", flush=True)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    return int(failed)


def _results(checks: list[NullCheck], size: str) -> Iterator[tuple[NullCheck, Observed, float]]:
    os.environ.update(ONE_THREAD)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        running = [(check, pool.submit(run_check, check.name, size)) for check in checks]
        for check, future in running:
            yield check, *future.result()


def _order(name: str) -> tuple[int, str]:
    digits = "".join(letter for letter in name if letter.isdigit())
    return int(digits or 0), name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
