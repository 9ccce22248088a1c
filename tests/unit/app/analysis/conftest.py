import pytest

from app.analysis.data.cache import Cache
from app.lake.layout import Lake
from tests.made_lakes import bouncing, drifting, make_symbol, short_sessions, walk_of
from tests.nulls.engine import LENGTH, MINUTES, SESSIONS

CLOSES = {"ES": walk_of(1, MINUTES), "NQ": drifting(5, MINUTES), "YM": bouncing(3, MINUTES)}


@pytest.fixture(scope="session")
def market_lake(tmp_path_factory):
    return Lake(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="session")
def market(market_lake):
    """ES walks at random, NQ drifts, YM bounces between bid and ask: twelve sessions of eight hours each."""
    hours = short_sessions(SESSIONS, LENGTH)
    return {
        symbol: make_symbol(market_lake, symbol, hours, closes, seed)
        for seed, (symbol, closes) in enumerate(CLOSES.items())
    }


@pytest.fixture(scope="session")
def market_cache(tmp_path_factory):
    return Cache(tmp_path_factory.mktemp("market_cache"), 10**9)
