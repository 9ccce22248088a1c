from datetime import UTC, date, datetime

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.desk.models import SessionCertificate
from app.desk.snapshots import (
    certificates_of,
    create_snapshot,
    find_certificate,
    find_snapshot,
    note_quality,
    save_certificate,
)
from app.market.sessions import Session as Hours

DAY = date(2025, 10, 9)
OPEN, CLOSE = datetime(2025, 10, 8, 22, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
HOURS = Hours(DAY, OPEN, CLOSE)


def test_a_session_has_one_snapshot_and_its_baseline_stays(db_session: Session) -> None:
    made = [
        create_snapshot(db_session, "CME_Futures", HOURS, {"ES": {"price": "1"}}, OPEN),
        create_snapshot(db_session, "CME_Futures", HOURS, {"ES": {"price": "2"}}, CLOSE),
    ]

    snapshot = find_snapshot(db_session, "CME_Futures", DAY)
    assert made == [True, False]
    assert (snapshot.baseline, snapshot.created_at) == ({"ES": {"price": "1"}}, OPEN)
    assert find_snapshot(db_session, "CME_FX", DAY) is None


def test_figures_are_kept_until_the_session_is_completed(db_session: Session) -> None:
    create_snapshot(db_session, "CME_Futures", HOURS, {}, OPEN)
    note_quality(db_session, "CME_Futures", DAY, {"watched": 1})
    running = find_snapshot(db_session, "CME_Futures", DAY).quality
    find_snapshot(db_session, "CME_Futures", DAY).completed_at = CLOSE
    db_session.flush()

    note_quality(db_session, "CME_Futures", DAY, {"watched": 2})

    assert (running, find_snapshot(db_session, "CME_Futures", DAY).quality) == ({"watched": 1}, {"watched": 1})


def test_figures_of_a_session_without_a_snapshot_are_not_kept(db_session: Session) -> None:
    note_quality(db_session, "CME_Futures", DAY, {"watched": 1})

    assert find_snapshot(db_session, "CME_Futures", DAY) is None


def test_a_certificate_takes_the_place_of_an_older_one(db_session: Session) -> None:
    save_certificate(db_session, certificate("incomplete", ["1 gaps are known"]))
    db_session.flush()

    save_certificate(db_session, certificate("complete", []))
    db_session.flush()

    found = find_certificate(db_session, "CME_Futures", DAY)
    assert (found.verdict, found.reasons) == ("complete", [])
    assert certificates_of(db_session, [DAY]).keys() == {("CME_Futures", DAY)}
    assert certificates_of(db_session, []) == {}


def test_there_is_no_other_verdict(db_session: Session) -> None:
    save_certificate(db_session, certificate("good", []))

    with pytest.raises(IntegrityError, match="verdict"):
        db_session.flush()


def certificate(verdict: str, reasons: list[str]) -> SessionCertificate:
    return SessionCertificate(
        market="CME_Futures",
        session_date=DAY,
        verdict=verdict,
        reasons=reasons,
        figures={"ticks": 1},
        files=[],
        made_at=CLOSE,
    )
