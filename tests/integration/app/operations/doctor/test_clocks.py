from dataclasses import replace
from datetime import timedelta

from app.operations.doctor.clocks import look_at_clocks
from tests.fakes import FixedClock


def levels(installation):
    found = {one.name: one.level for one in look_at_clocks(installation)}
    return [found[name] for name in ("clock_of_postgresql", "clock_of_redis")]


def test_servers_of_this_machine_agree(installation, rt):
    assert levels(installation(rt)) == ["ok", "ok"]


def test_servers_that_are_far_ahead_are_wrong(installation, rt):
    slow = FixedClock(rt.clock.now() - timedelta(minutes=5))

    assert levels(installation(replace(rt, clock=slow))) == ["wrong", "wrong"]


def test_servers_that_are_away_are_not_known(installation, away):
    assert levels(installation(away)) == ["unknown", "unknown"]
