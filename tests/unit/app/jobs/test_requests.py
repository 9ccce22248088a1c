from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import ValidationError

from app.errors import Rejected
from app.jobs.requests import JobRequest, understand
from tests.hours import MARKETS

NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)
KNOWN = {"ES", "NQ"}


def test_the_same_request_has_the_same_hash_whatever_is_filled_in():
    assert request().hash() == request(symbols=["es"]).hash()
    assert request().hash() != request(kind="full").hash()
    assert request().hash() != request(symbols=["ES", "NQ"]).hash()


def test_the_same_question_about_another_instant_is_another():
    now, before = asked(), asked(asof=NOW - timedelta(hours=1))

    assert now.question.hash() == before.question.hash()
    assert now.hash() != before.hash()


def test_the_days_are_those_of_the_instant_that_is_named():
    found = asked(asof="2025-10-01T23:00:00Z", timeframe="1week")

    assert (found.question.start, found.question.end) == (date(2025, 9, 25), date(2025, 10, 2))


@pytest.mark.parametrize(
    "parts",
    [
        {"asof": "9999-12-31T23:59:59-23:00"},
        {"asof": "0001-01-01T00:00:00+23:00"},
        {"start_date": "0001-01-01", "end_date": "0001-01-02"},
        {"end_date": "0001-01-05"},
        {"end_date": "1999-12-31", "timeframe": "1week"},
    ],
)
def test_what_lies_outside_of_the_calendar_is_rejected(parts):
    with pytest.raises(Rejected, match="before 2000"):
        asked(**parts)


@pytest.mark.parametrize("symbols", [[], ["E" * 17], [""], "ES"])
def test_symbols_are_a_list_of_names(symbols):
    with pytest.raises(ValidationError):
        request(symbols=symbols)


def request(**parts):
    return JobRequest.model_validate({"symbols": ["ES"], **parts})


def asked(**parts):
    wanted = request(**parts)
    return understand(wanted, wanted.parameters, KNOWN, MARKETS.default, NOW)


@pytest.mark.parametrize(
    "parts",
    [
        {"start_date": 0},
        {"start_date": "1760000000"},
        {"asof": 1_760_000_000},
        {"asof": "1760000000"},
        {"asof": "-5"},
        {"parameters": {"fallback": 0}},
        {"parameters": {"seed": "5"}},
        {"parameters": {"equity": "100000"}},
        {"parameters": {"var_limit": True}},
    ],
)
def test_what_is_written_as_something_else_is_refused(parts):
    with pytest.raises(ValidationError):
        JobRequest.model_validate({"symbols": ["ES"], **parts})
