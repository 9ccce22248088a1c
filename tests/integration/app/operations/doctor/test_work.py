from datetime import timedelta

import pytest

from app.alerts.rules import Condition
from app.alerts.store import raise_alert
from app.bus import keys
from app.dispatch import QUEUES
from app.market.markets import Markets
from app.operations.doctor.work import (
    check_alerts,
    check_beat,
    check_holidays,
    check_losses,
    check_workers,
    judge,
    look_at_work,
)
from app.operations.health import Check
from app.operations.tick import SWEEP
from tests.factories import MOMENT, words
from tests.fakes import FixedClock

NOW_MS = int(MOMENT.timestamp() * 1000)


@pytest.fixture
def clock():
    return FixedClock(MOMENT)


@pytest.fixture
def at_work(bus):
    for queue in QUEUES:
        bus.set(keys.pulse(queue), NOW_MS)
    bus.set(keys.ran(SWEEP), NOW_MS)


def levels(findings):
    return {one.name: one.level for one in findings}


def test_a_thor_at_work_is_ok(installation, rt, at_work):
    found = levels(look_at_work(installation(rt, holder=1)))

    parts = ["calendar", "workers", "beat", "ingest", "room", "feeds", "sessions", "jobs", "losses", "alerts"]
    assert found == dict.fromkeys(parts, "ok")


def test_entries_that_nobody_stores_are_wrong(installation, rt, bus, at_work):
    bus.execute_command("XADD", keys.STREAM, "*", *words())

    found = {one.name: one for one in look_at_work(installation(rt, holder=1))}

    assert found["ingest"].level == "wrong"
    assert "flask redis-to-postgres --status" in found["ingest"].fix


def test_what_servers_that_are_away_would_tell_is_not_known(installation, away):
    found = list(look_at_work(installation(away)))

    assert levels(found) == {"calendar": "ok", "work": "unknown"}
    assert "workers, beat, ingest" in found[-1].detail


@pytest.mark.parametrize(
    ("silent", "is_up", "level"),
    [((), True, "ok"), (("export",), False, "wrong"), (QUEUES, True, "wrong"), (QUEUES, False, "warning")],
)
def test_queues_that_nobody_serves_are_wrong_unless_nothing_runs(bus, at_work, silent, is_up, level):
    for queue in silent:
        bus.set(keys.pulse(queue), NOW_MS - 61_000)

    found = check_workers(bus, MOMENT, is_up=is_up)

    assert found.level == level
    assert level != "wrong" or all(queue in found.detail for queue in silent)


@pytest.mark.parametrize(
    ("age_s", "is_up", "level"),
    [(15, True, "ok"), (61, True, "wrong"), (61, False, "warning"), (None, True, "wrong")],
)
def test_ticks_that_stay_away_are_wrong_unless_nothing_runs(bus, age_s, is_up, level):
    if age_s is not None:
        bus.set(keys.ran(SWEEP), NOW_MS - age_s * 1000)

    assert check_beat(bus, MOMENT, is_up=is_up).level == level


@pytest.mark.parametrize(
    ("severities", "level"),
    [([], "ok"), (["info"], "ok"), (["warning"], "warning"), (["warning", "critical"], "wrong")],
)
def test_alerts_are_as_grave_as_the_worst_of_them(db_session, severities, level):
    for severity in severities:
        raise_alert(db_session, Condition("disk_low", severity, f"a {severity} one", severity), MOMENT)

    found = check_alerts(db_session)

    assert found.level == level
    assert not severities or found.detail.startswith(f"{severities[-1]}: a {severities[-1]} one")


def test_of_many_alerts_the_worst_are_told_and_the_others_counted(db_session):
    for number in range(5):
        raise_alert(db_session, Condition("disk_low", f"{number}", f"disk {number}", "warning"), MOMENT)

    assert check_alerts(db_session).detail == "warning: disk 4; warning: disk 3; warning: disk 2; and 2 more"


def test_holidays_that_run_out_are_warned_of(clock):
    markets = Markets(clock=clock)
    last = min(markets.named(name).checked_until for name in markets.names)

    soon = MOMENT + (last - MOMENT.date()) - timedelta(days=30)
    assert check_holidays(markets, MOMENT).level == "ok"
    assert check_holidays(markets, soon).level == "warning"


@pytest.mark.parametrize(("missing", "level"), [(0, "ok"), (7, "wrong")])
def test_losses_without_an_explanation_are_wrong(missing, level):
    assert check_losses(Check("ledger", True, "it is so", {"unexplained_24h": missing})).level == level


def test_a_check_that_is_not_ok_is_wrong_and_has_something_to_do():
    assert judge(Check("room", True, "fine")).level == "ok"
    assert judge(Check("else", False, "bad")).fix == "`flask status`"
