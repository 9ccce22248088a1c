import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.premarket.definition import Climb
from app.premarket.models import PremarketReport
from app.premarket.reports import (
    find_report,
    keep_report,
    latest_report,
    list_reports,
    note_verified,
    report_text,
    set_verdict,
)
from app.premarket.rows import plan_climb
from tests.ladders import DAY, MARKET, OPENS_AT

NOW = OPENS_AT - timedelta(minutes=26)
ONE_DAY = timedelta(days=1)


def test_a_report_is_kept_once(planned: Session) -> None:
    assert [keep(planned, {"a": number}) for number in (1, 2)] == [True, False]

    row = found(planned)
    assert (row.document, row.asof, row.made_at, row.job_id) == ({"a": 1}, NOW, NOW, None)


def test_a_report_of_a_day_that_was_never_planned_is_not_kept(db_session: Session) -> None:
    assert not keep(db_session, {"a": 1})


@pytest.mark.parametrize("number", [1e16, 1e300, -0.0, 1e-7, 0.1, 5e-324, 2**53 + 1, 1.5])
def test_the_hash_is_that_of_the_text_as_the_database_gives_it_back(planned: Session, number: float) -> None:
    keep(planned, {"b": [number], "a": "ü"})

    row = found(planned)
    assert row.document is not None
    assert row.sha256 == hashlib.sha256(report_text(row.document).encode()).hexdigest()


def test_the_text_is_the_same_however_its_parts_were_ordered_and_holds_no_number_that_is_none() -> None:
    assert report_text({"b": 1, "a": {"d": 2, "c": 3}}) == report_text({"a": {"c": 3, "d": 2}, "b": 1})
    with pytest.raises(ValueError, match="Out of range"):
        report_text({"a": float("nan")})


def test_a_verdict_is_another_one_when_it_or_its_reasons_changed(planned: Session) -> None:
    told = [("LATE", ["a"]), ("LATE", ["a"]), ("LATE", ["a", "b"]), ("MISSING", ["a", "b"]), ("READY", [])]

    changed = [set_verdict(planned, MARKET, DAY, verdict, reasons) for verdict, reasons in told]

    assert changed == [True, False, True, True, True]
    assert (found(planned).verdict, found(planned).reasons) == ("READY", [])
    assert not set_verdict(planned, MARKET, DAY + ONE_DAY, "READY", [])


def test_when_the_cache_was_found_right_is_noted(planned: Session) -> None:
    note_verified(planned, MARKET, DAY, OPENS_AT)

    assert found(planned).verified_at == OPENS_AT


def test_reports_are_listed_the_latest_day_first(planned: Session) -> None:
    for days in (1, 2):
        plan_climb(planned, Climb(MARKET, DAY + days * ONE_DAY, OPENS_AT + days * ONE_DAY, ()))
    keep(planned, {"a": 1})

    assert [row.session_date - DAY for row in list_reports(planned, MARKET)] == [2 * ONE_DAY, ONE_DAY, 0 * ONE_DAY]
    assert [row.session_date for row in list_reports(planned, MARKET, DAY + 2 * ONE_DAY, limit=1)] == [DAY + ONE_DAY]
    assert list_reports(planned, "CME_FX") == []
    latest, made = (latest_report(planned, MARKET, made=only) for only in (False, True))
    assert latest is not None and latest.session_date == DAY + 2 * ONE_DAY
    assert made is not None and made.session_date == DAY
    assert latest_report(planned, "CME_FX") is None


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"verdict": "FINE"}, "verdict"),
        ({"verdict": "LATE"}, "verdict_with_reason"),
        ({"made_at": NOW}, "made_at"),
        ({"document": {"a": 1}}, "made_at"),
    ],
)
def test_the_database_refuses_reports_that_cannot_be(planned: Session, values: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_premarket_reports_{constraint}"):
        planned.execute(update(PremarketReport).where(PremarketReport.session_date == DAY).values(values))


@pytest.fixture
def planned(db_session: Session) -> Session:
    plan_climb(db_session, Climb(MARKET, DAY, OPENS_AT, ()))
    return db_session


def keep(session: Session, document: dict[str, Any]) -> bool:
    return keep_report(session, MARKET, DAY, document, job_id=None, asof=NOW, now=NOW)


def found(session: Session) -> PremarketReport:
    row = find_report(session, MARKET, DAY)
    assert row is not None
    return row
