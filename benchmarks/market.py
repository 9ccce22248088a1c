"""Market hours: the endpoint against one that does nothing, and a million instants at once against their limit."""

import statistics
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient

from app.factory import create_app
from app.market.markets import market
from app.settings import load_settings
from benchmarks.measure import RUNS, Measure, compare, timed
from tests.fakes import RecordingDispatch

REQUESTS = 1000
HALF = 0.5
INSTANTS = 1_000_000
VECTOR_LIMIT_S = 0.2
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def bench_market(folder: Path) -> list[Measure]:
    """GET /api/session, which may take twice as long as an empty endpoint, and the trading days of many instants."""
    return [_session(folder), _session_of()]


def _session(folder: Path) -> Measure:
    settings = load_settings(_env_file=None, state_dir=folder / "market", rate_limit_per_s=100_000)
    client = create_app(settings, RecordingDispatch()).test_client()
    return compare(
        "session",
        REQUESTS,
        lambda: _ask(client, "/api/session"),
        lambda: _ask(client, "/api/health/live"),
        aim=HALF,
        limit_name="as many requests to an endpoint that does nothing",
    )


def _session_of() -> Measure:
    span_us = (LAST - FIRST) // timedelta(microseconds=1)
    since = np.random.default_rng(1).integers(0, span_us, INSTANTS)
    instants = np.datetime64(FIRST.replace(tzinfo=None), "us") + since.astype("timedelta64[us]")
    rules = market().vectors(FIRST, LAST)
    took_s = statistics.median(timed(lambda: rules.session_of(instants)) for _ in range(RUNS))
    limit = f"{VECTOR_LIMIT_S} s for a million instants in any order"
    rates = (INSTANTS / took_s, INSTANTS / VECTOR_LIMIT_S)
    return Measure("session_of", VECTOR_LIMIT_S / took_s, 1.0, RUNS, *rates, limit)


def _ask(client: FlaskClient, path: str) -> None:
    for _ in range(REQUESTS):
        assert client.get(path).status_code == 200


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        print(*bench_market(Path(name)), sep="\n")
