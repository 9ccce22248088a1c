from datetime import UTC, date, datetime, timedelta

import pytest

from app.alerts.rules import Condition
from app.alerts.store import acknowledge_alert, raise_alert, resolve_alert
from app.operations.alerting.checks import alert_figures, check_alerts, check_premarket, ladder_figures
from app.operations.metering import read_database
from app.premarket.definition import Ladder, climb_on
from app.premarket.reports import set_verdict
from app.premarket.rows import plan_climb
from app.runtime import Runtime
from tests.fakes import FixedClock

MARKET, DAY = "CME_Futures", date(2025, 10, 9)
OPENS = datetime(2025, 10, 9, 13, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPENS - timedelta(minutes=24))


@pytest.fixture
def three_alerts(rt: Runtime) -> None:
    now = rt.clock.now()
    with rt.sessions.begin() as session:
        one, two, over = (
            raise_alert(session, Condition(rule, "", "it is so"), now)
            for rule in ("losses", "dead_letters", "disk_low")
        )
        acknowledge_alert(session, two.id, now, by="maria")
        resolve_alert(session, over.id, now, by="maria")
        assert one.severity == "critical"


@pytest.fixture
def ladder(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        plan_climb(session, climb_on(Ladder(MARKET), rt.market, DAY))


def test_without_alerts_and_ladders_that_is_told(rt: Runtime) -> None:
    alerts, premarket = check_alerts(rt), check_premarket(rt)

    assert (alerts.ok, alerts.detail) == (True, "no alert is unresolved")
    assert (premarket.ok, premarket.detail) == (True, "no open is near that is prepared for")


def test_unresolved_alerts_are_counted_and_make_nothing_unready(rt: Runtime, three_alerts: None) -> None:
    check = check_alerts(rt)

    assert check.ok
    assert check.detail.startswith("1 critical, 1 warning, of which nobody sees to 1")
    assert check.figures == {"info": 0, "warning": 1, "critical": 1, "unacknowledged": 1}


def test_the_status_has_what_the_latest_alerts_say(rt: Runtime, three_alerts: None) -> None:
    with rt.sessions() as session:
        figures = alert_figures(session)

    assert figures["latest"] == ["warning: it is so", "critical: it is so"]
    assert figures["worst"] == "critical: it is so"


def test_a_ladder_is_told_by_the_stage_that_is_due(rt: Runtime, ladder: None) -> None:
    check, figures = check_premarket(rt), ladder_figures(rt, rt.clock.now())

    assert (check.ok, check.figures) == (True, {"verdicts": {f"{MARKET} {DAY}": None}})
    assert "comprehensive is planned, late by" in check.detail
    assert figures[f"{MARKET} {DAY}"]["report"] == "planned"


def test_alerts_and_ladders_are_metered(rt: Runtime, three_alerts: None, ladder: None) -> None:
    with rt.sessions.begin() as session:
        set_verdict(session, MARKET, DAY, "LATE", ["it is late"])

    numbers = read_database(rt).figures

    assert numbers["alerts"] == {("info",): 0, ("warning",): 1, ("critical",): 1}
    assert numbers["alerts_unacknowledged"] == {(): 1}
    assert numbers["premarket_verdict"] == {(MARKET, "LATE"): 1}
    assert numbers["premarket_late_s"] == {(MARKET, "composite"): 360, (MARKET, "report"): 60}
