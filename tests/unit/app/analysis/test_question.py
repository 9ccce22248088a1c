from datetime import date

import pytest
from pydantic import ValidationError

from app.analysis.question import KINDS, Parameters, Question, parse_lookback, range_of
from app.errors import Rejected

TODAY = date(2025, 10, 9)
ASKED = {"symbols": ("ES",), "start": date(2025, 9, 9), "end": TODAY}


@pytest.mark.parametrize(
    ("text", "days"),
    [("30days", 30), ("1 day", 1), ("6weeks", 42), (" 3M ", 90), ("1y", 365), ("10years", 3_650), ("3700d", 3_700)],
)
def test_a_look_back_is_a_number_of_days(text, days):
    assert parse_lookback(text) == days


@pytest.mark.parametrize("text", ["", "0days", "-3d", "30", "days", "1.5y", "11years", "3701d", "30 fortnights", "٣d"])
def test_what_is_no_look_back_is_refused_with_an_example(text):
    with pytest.raises(Rejected, match="write 30days"):
        parse_lookback(text)


@pytest.mark.parametrize(
    ("timeframe", "start", "end", "expected"),
    [
        (None, None, None, (date(2025, 9, 9), TODAY)),
        ("2weeks", None, None, (date(2025, 9, 25), TODAY)),
        ("1d", None, date(2025, 10, 1), (date(2025, 9, 30), date(2025, 10, 1))),
        (None, date(2025, 10, 1), None, (date(2025, 10, 1), TODAY)),
        (None, TODAY, TODAY, (TODAY, TODAY)),
        (None, date(2025, 10, 1), date(2026, 1, 1), (date(2025, 10, 1), TODAY)),
    ],
)
def test_a_range_ends_today_at_the_latest(timeframe, start, end, expected):
    assert range_of(timeframe, start, end, TODAY) == expected


@pytest.mark.parametrize(
    ("timeframe", "start", "end", "words"),
    [
        ("30days", date(2025, 10, 1), None, "not both"),
        (None, date(2025, 10, 2), date(2025, 10, 1), "is empty"),
        (None, date(2025, 10, 10), None, "in the future"),
        (None, date(2010, 1, 1), None, "longer than ten years"),
    ],
)
def test_a_range_that_cannot_be_is_refused(timeframe, start, end, words):
    with pytest.raises(Rejected, match=words):
        range_of(timeframe, start, end, TODAY)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": "excel"}, {"horizons": []}, {"horizons": ["2h"]}, {"most_bars": 499}, {"most_bars": 50_001},
        {"permutations": 98}, {"cost_ticks": -1}, {"cost_ticks": float("nan")}, {"fee": float("inf")}, {"equity": 0},
        {"equity": float("inf")}, {"target_volatility": 0}, {"kelly_fraction": 1.1}, {"var_limit": float("nan")},
        {"margin": 0}, {"seed": -1}, {"unknown": 1},
    ],
)  # fmt: skip
def test_a_parameter_out_of_its_bounds_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Parameters.model_validate(wrong)


def test_the_same_question_has_the_same_hash_however_it_is_written():
    short = Question(**ASKED)
    long = Question.model_validate({**short.plain(), "kind": "full", "symbols": ["ES"]})

    assert short.hash() == long.hash()
    assert short.plain()["parameters"]["horizons"] == ["1h", "5m"]


def test_every_part_of_a_question_counts_for_its_hash():
    changes = [
        {}, {"kind": "single"}, {"symbols": ("NQ",)}, {"symbols": ("ES", "NQ")}, {"symbols": ("NQ", "ES")},
        {"start": date(2025, 9, 10)}, {"end": date(2025, 10, 8)},
        {"parameters": Parameters.model_validate({"seed": 2})},
    ]  # fmt: skip

    assert len({Question(**{**ASKED, **change}).hash() for change in changes}) == len(changes)


@pytest.mark.parametrize("symbols", [(), ("ES",) * 33])
def test_a_question_is_about_one_to_thirty_two_symbols(symbols):
    with pytest.raises(ValidationError, match="symbols"):
        Question(**{**ASKED, "symbols": symbols})


def test_there_are_five_kinds_and_no_other():
    assert [Question(**ASKED, kind=kind).kind for kind in KINDS] == list(KINDS)
    with pytest.raises(ValidationError, match="kind"):
        Question(**ASKED, kind="deep")
