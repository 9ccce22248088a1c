"""How many requests a second a web process answers: `python -m benchmarks.answers [--seconds 5]`; servers of its own.

Eight callers ask as fast as they are answered, over connections that stay, for the newest quotes of twenty symbols and
then for a sign of life, which is what every answer costs at least.
"""

import argparse
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import httpx

from benchmarks.ingest import fill
from benchmarks.quotes import make_quotes
from tests.faults.harness.world import World, world
from tests.faults.scenario import Scale, Trial
from tests.functional.web_server import serve

CALLERS: Final = 8
SYMBOLS: Final = tuple(f"S{number}" for number in range(20))
PATHS: Final = (f"/api/quotes?symbols={','.join(SYMBOLS)}", "/api/health/live")
UNLIMITED: Final = "100000"


def measure_answers(folder: Path, seconds: float) -> dict[str, float]:
    """Answers a second by path; AssertionError where one is not 200."""
    with world(Trial(Scale.FULL, folder)) as own:
        fill(own.stores.redis, [quote for symbol in SYMBOLS for quote in make_quotes(1, symbol)])
        with serve(folder / "web.log", _environment(own)) as web, ThreadPoolExecutor(CALLERS) as callers:
            found = {}
            for path in PATHS:
                counts = callers.map(partial(_ask, f"{web.url}{path}"), [seconds] * CALLERS)
                found[path] = sum(counts) / seconds
    return found


def _environment(own: World) -> dict[str, str]:
    return own.environment(rate_limit_per_s=UNLIMITED)


def _ask(url: str, seconds: float) -> int:
    answered, ends_at = 0, time.monotonic() + seconds
    with httpx.Client() as client:
        while time.monotonic() < ends_at:
            assert client.get(url).status_code == 200
            answered += 1
    return answered


def main() -> None:
    """Print a line for each path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    with tempfile.TemporaryDirectory() as name:
        found = measure_answers(Path(name), parser.parse_args().seconds)
    for path, per_s in found.items():
        print(f"{per_s:6,.0f} a second  {path.partition('?')[0]}")


if __name__ == "__main__":
    main()
