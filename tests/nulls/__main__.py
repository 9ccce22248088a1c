"""`make nulls`: every null and planted test in its full size, as a table; names as arguments run some of them."""

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from tests.nulls.check import NullCheck, Observed
from tests.nulls.running import all_checks, run_check

# A process each uses one core; what numerical libraries would start besides only slows the others down.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
