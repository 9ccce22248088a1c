from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.operations.premarket.checking import MOST_TOLD, faults_of
from tests.documents import document, figure

NOW = datetime(2025, 3, 7, 21, tzinfo=UTC)
Change = Callable[[dict[str, Any]], None]


def test_a_document_in_which_all_is_well_has_no_faults() -> None:
    assert faults_of(analysis(), ["ES", "CL"], NOW) == []


def test_a_document_of_a_kind_without_predictions_and_portfolio_has_no_faults() -> None:
    bare = {**analysis(), "portfolio": {}, "symbols": {"ES": {"quality": {"verdict": "ok"}}}}

    assert faults_of(bare, ["ES"], NOW) == []


def put(*path: str, value: Any) -> Change:
    def change(tree: dict[str, Any]) -> None:
        for name in path[:-1]:
            tree = tree[name]
        tree[path[-1]] = value

    return change


ES = ("symbols", "ES")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            put(*ES, "recommendation", "confidence", "value", value=1.01),
            "ES: the confidence is not within 0 and 1: 1.01",
        ),
        (
            put(*ES, "prediction", "1h", "probability", "value", value=-0.2),
            "ES 1h: the probability is not within 0 and 1: -0.2",
        ),
        (
            put(*ES, "prediction", "1h", "base_rate", "value", value="high"),
            "ES 1h: the base rate is not within 0 and 1",
        ),
        (put(*ES, "prediction", "1h", "interval", "ci", value=[6100.0, 6000.0]), "its interval is not in order"),
        (put(*ES, "prediction", "1h", "interval", "ci", value=[6100.0]), "its interval is not in order"),
        (put(*ES, "trend", "5m", "score", "p_value", value=1.5), "its p-value is not within 0 and 1: 1.5"),
        (put(*ES, "sizing", "caps", "kelly", "value", value=-1.0), "ES: the cap by kelly is negative: -1.0"),
        (put(*ES, "sizing", "contracts", "value", value=-2), "ES: -2 contracts are not on the side of BUY"),
        (put(*ES, "recommendation", "action", value="SELL"), "ES: 3 contracts are not on the side of SELL"),
        (put(*ES, "recommendation", "action", value="HOLD"), "ES: 3 contracts are not on the side of HOLD"),
        (
            put(*ES, "recommendation", "out_of_sample", value={}),
            "ES: BUY has no score out of sample",
        ),
        (put(*ES, "prediction", "1h", "gate", "passed", value=False), "ES: BUY has not passed the gate"),
        (
            put("portfolio", "correlation", "matrix", "ES", "CL", "value", value=1.2),
            "correlation of ES and CL is not within -1 and 1: 1.2",
        ),
        (
            put("portfolio", "composite", "1h", "probability", "value", value=2.0),
            "composite 1h: the probability is not within 0 and 1",
        ),
        (put("asof", value="2025-03-07T21:00:00.000001Z"), "it knows of 2025-03-07T21:00:00.000001Z, which is later"),
        (put("asof", value="soon"), "it knows of soon"),
        (put(*ES, "trend", "1h", "t", "asof", value="2025-03-07T21:00:00.000001Z"), "ES trend 1h t: it knows of"),
        (lambda tree: tree["symbols"].pop("CL"), "CL is not in it, and nobody said why"),
    ],
)
def test_each_thing_that_cannot_be_right_is_found_and_nothing_else(change: Change, told: str) -> None:
    wrong = analysis()
    change(wrong)

    faults = faults_of(wrong, ["ES", "CL"], NOW)

    assert len(faults) == 1
    assert told in faults[0]


def test_a_correlation_that_rounding_carried_over_the_edge_is_right() -> None:
    rounded = analysis()
    rounded["portfolio"]["correlation"]["matrix"]["ES"]["CL"]["value"] = 1 + 1e-12

    assert faults_of(rounded, [], NOW) == []


def test_of_many_faults_the_first_are_told_and_how_many_more_there_are() -> None:
    wanted = [f"S{number}" for number in range(MOST_TOLD + 3)]

    faults = faults_of(analysis(), wanted, NOW)

    assert (len(faults), faults[-1]) == (MOST_TOLD + 1, "3 more figures cannot be right")


def analysis() -> dict[str, Any]:
    """A document that would buy ES, with all that goes with it."""
    made = document()
    es = made["symbols"]["ES"]
    es["recommendation"] |= {"action": "BUY", "horizon": "1h", "confidence": figure(0.61), "reason_code": ""}
    es["prediction"]["1h"] = {
        "probability": figure(0.61), "base_rate": figure(0.5), "interval": figure(6012.0, ci=[6000.0, 6020.0]),
        "gate": {"passed": True, "n_tried": 4},
    }  # fmt: skip
    es["sizing"] = {"contracts": figure(3), "micro": figure(0), "caps": {"kelly": figure(3.2), "margin": figure(None)}}
    made["portfolio"]["correlation"] = {"timeframe": "15m", "matrix": {"ES": {"CL": figure(0.3, ci=[0.2, 0.4])}}}
    made["portfolio"]["composite"] = {"1h": {"probability": figure(0.55)}}
    return made
