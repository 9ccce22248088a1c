import logging

import pytest

from app.alerts.store import note_conditions, raise_alert, resolve_alert
from tests.alerting import NOW, disk, silent


@pytest.fixture(autouse=True)
def heard(caplog):
    caplog.set_level(logging.INFO, logger="app.alerts.announcing")
    return caplog


def lines(caplog):
    return [(record.levelname, record.getMessage().partition(": ")[2]) for record in caplog.records]


def test_an_alert_is_logged_once_when_it_is_committed(db_session, heard):
    raise_alert(db_session, silent(), NOW)
    before = lines(heard)
    db_session.commit()
    raise_alert(db_session, silent(), NOW)
    db_session.commit()

    assert before == []
    assert lines(heard) == [("ERROR", "A source brings nothing new [SCHWAB]: nothing for 60 s: see `flask collectors`")]


def test_what_is_less_grave_is_a_warning_and_an_escalation_is_said(db_session, heard):
    raise_alert(db_session, disk(), NOW)
    db_session.commit()
    raise_alert(db_session, disk(severity="critical"), NOW)
    db_session.commit()

    assert [level for level, _ in lines(heard)] == ["WARNING", "ERROR"]


def test_the_end_of_an_alert_is_logged(db_session, heard):
    alert = raise_alert(db_session, silent(), NOW)
    resolve_alert(db_session, alert.id, NOW, by="ann")
    db_session.commit()

    assert lines(heard)[-1] == ("INFO", "A source brings nothing new [SCHWAB]")
    assert "is over (ann)" in heard.records[-1].getMessage()


def test_what_is_rolled_back_is_never_logged(db_session, heard):
    raise_alert(db_session, silent(), NOW)
    db_session.rollback()
    db_session.commit()

    assert lines(heard) == []


def test_of_savepoints_only_what_was_kept_is_logged(db_session, heard):
    with db_session.begin_nested():
        raise_alert(db_session, disk("/kept"), NOW)
    lost = db_session.begin_nested()
    raise_alert(db_session, disk("/lost"), NOW)
    lost.rollback()
    before = lines(heard)
    note_conditions(db_session, [disk("/after")], [], NOW)
    db_session.commit()

    assert before == []
    assert [text.partition("]")[0] for _, text in lines(heard)] == [
        "A disk is nearly full [/kept",
        "A disk is nearly full [/after",
    ]
