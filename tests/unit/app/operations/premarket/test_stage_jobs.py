from datetime import UTC, date, datetime

import pytest

from app.operations.premarket.stage_jobs import ANALYSES, stage_requests
from app.premarket.definition import AHEAD, Stage, StageKey

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
    found = stage_requests(StageKey("CME_Futures", date(2025, 10, 10), name), ["ES", "NQ"], "3months", ASOF)

    assert {what: request.symbols for what, request in found.items()} == asked
    assert {(request.kind, request.timeframe, request.asof) for request in found.values()} == {(kind, "3months", ASOF)}
    assert all(request.parameters.fallback for request in found.values())


def test_every_stage_ahead_of_the_open_has_analyses() -> None:
    assert tuple(ANALYSES) == AHEAD
