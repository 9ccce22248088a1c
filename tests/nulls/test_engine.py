from datetime import timedelta

import pytest

from app.analysis import engine, parts
from app.analysis.data.cache import Cache, cache_key
from app.lake.layout import Lake
from tests.nulls.engine import CHECKS, changed_by_the_future, cuts, made_market


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_the_whole_analysis_knows_nothing_of_later(check):
    observed = check.run(check.quick)

    assert observed.passed, observed.text


def test_an_engine_that_reads_on_after_the_instant_is_caught(made, lake, tmp_path, monkeypatch):
    honest = engine.load_symbol
    monkeypatch.setattr(
        engine,
        "load_symbol",
        lambda lake, wanted, asof, *rest, **more: honest(lake, wanted, asof + timedelta(days=1), *rest, **more),
    )

    assert changed_by_the_future(made, lake, cuts(1), tmp_path)


def test_findings_that_are_kept_without_their_instant_are_caught(made, lake, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "part_key", lambda part, data, _parameters: cache_key(part.name, data.symbol))

    assert changed_by_the_future(made, lake, cuts(1), tmp_path, cache=Cache(tmp_path / "cache", 10**9))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return Lake(tmp_path_factory.mktemp("lake"))


@pytest.fixture(scope="module")
def made(lake):
    return made_market(lake)
