from datetime import UTC, date, datetime

import pytest

from app.operations.premarket.stage_jobs import ANALYSES, stage_requests
from app.premarket.definition import AHEAD, Stage, StageKey

BEGINS = {"ES": date(2025, 7, 14), "NQ": date(2025, 9, 1)}
ASOF = datetime(2025, 10, 10, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "kind", "asked"),
    [
        ("comprehensive", "series", {"ES": ("ES",), "NQ": ("NQ",)}),
        ("patterns", "single", {"ES": ("ES",), "NQ": ("NQ",)}),
        ("predictions", "prediction", {"*": ("ES", "NQ")}),
        ("composite", "full", {"*": ("ES", "NQ")}),
        ("report", "full", {"*": ("ES", "NQ")}),
    ],
)
def test_a_stage_asks_for_its_kind_of_analysis(name: Stage, kind: str, asked: dict[str, tuple[str, ...]]) -> None:
    found = stage_requests(StageKey("CME_Futures", date(2025, 10, 10), name), BEGINS, ASOF)

    assert {what: request.symbols for what, request in found.items()} == asked
    assert {(request.kind, request.timeframe, request.asof) for request in found.values()} == {(kind, None, ASOF)}
    assert all(request.parameters.fallback for request in found.values())


def test_an_analysis_of_one_begins_with_its_own_first_day_and_one_of_all_with_the_first_of_any() -> None:
    alone = stage_requests(StageKey("CME_Futures", date(2025, 10, 10), "patterns"), BEGINS, ASOF)
    joint = stage_requests(StageKey("CME_Futures", date(2025, 10, 10), "predictions"), BEGINS, ASOF)

    assert {what: request.start_date for what, request in alone.items()} == BEGINS
    assert joint["*"].start_date == BEGINS["ES"]


@pytest.mark.parametrize(("name", "horizons"), [("predictions", ("1h", "5m")), ("report", ("1h",))])
def test_what_is_for_the_open_predicts_what_still_holds_then(name: Stage, horizons: tuple[str, ...]) -> None:
    found = stage_requests(StageKey("CME_Futures", date(2025, 10, 10), name), BEGINS, ASOF)

    assert found["*"].parameters.horizons == horizons


def test_every_stage_ahead_of_the_open_has_analyses() -> None:
    assert tuple(ANALYSES) == AHEAD
