from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from app.alerts.rules import RULES
from app.bucket.objects import Bucket
from app.bucket.owner import BucketOwner, write_owner
from app.bucket.pulling import Puller
from app.bucket.pushing import PushOptions
from app.errors import Conflict, NotFound
from app.lake.layout import Lake
from app.lake.locks import file_lock, files_lock
from app.operations.alerting.bucket import find_behind
from app.operations.alerting.policy import AlertPolicy
from app.operations.bucket_keeping import (
    days_to_push,
    look_at_bucket,
    pull_days,
    push_days,
    push_due,
    read_standing,
    recorded_days,
)
from app.operations.doctor.copies import check_bucket
from app.operations.metering import read_bus
from app.operations.pipeline import bucket as bucket_figures
from app.operations.tick import plan_tick
from app.operations.tick_steps import PushLake, TickPolicy
from tests.bar_files import damage
from tests.bucket_lakes import DAY, DAYS, ES, NEXT, fill_lake, trades
from tests.factories import MOMENT
from tests.fakes import FixedClock
from tests.lake_days import export_quotes


@pytest.fixture
def clock():
    return FixedClock(MOMENT)


def test_what_was_brought_there_is_not_looked_at_again(filled, store):
    assert days_to_push(filled, store.plan.place) == list(DAYS)

    assert push_due(filled, store.plan) == 2
    store.requests.clear()

    assert (days_to_push(filled, store.plan.place), push_due(filled, store.plan)) == ([], 0)
    assert store.asked("PUT") == []


def test_a_day_that_was_written_again_is_due_again(filled, store):
    push_due(filled, store.plan)
    export_quotes(filled.sessions, filled.lake, trades(DAY, "ES", 9))

    assert days_to_push(filled, store.plan.place) == [DAY]


def test_the_copy_of_another_lake_is_an_alert_and_stays_as_it_is(filled, store):
    write_owner(Bucket(store.plan), BucketOwner(lake=uuid4(), since=MOMENT))
    store.requests.clear()

    assert push_due(filled, store.plan) == 0

    assert "add --adopt if this installation is to go on with that lake" in read_standing(filled.redis).trouble
    assert store.asked("PUT", "POST") == []


def test_a_pull_of_another_lake_brings_nothing_but_to_a_folder(filled, store, tmp_path):
    push_due(filled, store.plan)
    store.delete("lake.json")
    write_owner(Bucket(store.plan), BucketOwner(lake=uuid4(), since=MOMENT))
    (filled.lake.root / ES).unlink()
    here = Puller(filled.lake, Bucket(store.plan), MOMENT, filled.sessions)
    folder = Puller(Lake(tmp_path / "other"), Bucket(store.plan), MOMENT)

    with pytest.raises(Conflict, match="another lake"):
        list(pull_days(here, DAYS))

    assert not (filled.lake.root / ES).exists()
    assert [len(one.taken) for one in pull_days(folder, DAYS)] == [3, 3]


@pytest.mark.parametrize("hangs", ["list-type", "lake.json", "ticks"])
def test_a_store_that_hangs_ends_a_push_at_its_first_failure(filled, store, monkeypatch, hangs):
    monkeypatch.setattr("app.bucket.objects.READ_TIMEOUT_S", 0.3)
    monkeypatch.setattr("app.bucket.objects.MAX_ATTEMPTS", 1)
    monkeypatch.setattr("app.bucket.sending.AT_ONCE", 1)

    def fits(one):
        return hangs in one.query if hangs == "list-type" else one.name.startswith(hangs) and not one.is_listing

    with store.holding(fits):
        assert push_due(filled, store.plan) == 0
        held = {one.name for one in store.requests if fits(one)}

    assert len(held) == 1
    assert read_standing(filled.redis).trouble.startswith(store.plan.place)


def test_another_bucket_has_nothing_yet(filled, store):
    push_due(filled, store.plan)

    assert days_to_push(filled, "s3://other/thor") == list(DAYS)


def test_a_bus_that_forgot_costs_a_look_and_no_file(filled, store):
    push_due(filled, store.plan)
    filled.redis.flushdb()
    store.requests.clear()

    assert push_due(filled, store.plan) == 2
    assert store.asked("PUT", "POST") == []


def test_some_symbols_do_not_make_a_day_complete(filled, store):
    list(push_days(filled, Bucket(store.plan), DAYS, PushOptions(symbols=["ES"])))

    assert days_to_push(filled, store.plan.place) == list(DAYS)


def test_the_tick_asks_for_a_push_while_the_bucket_is_behind(filled, store, clock):
    policy = TickPolicy(9, 900, bucket=store.plan.place)

    first, at_once = plan_tick(filled, policy), plan_tick(filled, policy)
    clock.advance(timedelta(minutes=5))
    later = plan_tick(filled, policy)
    push_due(filled, store.plan)
    clock.advance(timedelta(minutes=5))
    done = plan_tick(filled, policy)

    assert [PushLake() in steps for steps in (first, at_once, later, done)] == [True, False, True, False]


def test_without_a_bucket_nothing_is_asked_for_or_told(filled, store):
    look_at_bucket(filled, store.plan.place)

    assert PushLake() not in plan_tick(filled, TickPolicy(9, 900))
    assert (read_standing(filled.redis), push_due(filled, None)) == (None, 0)
    assert (bucket_figures(filled.redis), find_behind(filled, AlertPolicy(), MOMENT)) == ({}, [])


def test_an_hour_behind_is_an_alert(filled, store, clock):
    look_at_bucket(filled, store.plan.place)

    assert find_behind(filled, AlertPolicy(), MOMENT + timedelta(minutes=59)) == []
    [found] = find_behind(filled, AlertPolicy(), MOMENT + timedelta(minutes=61))
    assert found.detail == f"{store.plan.place} lacks files of 2 days, the first 2025-10-09: see `flask lake-push`"
    assert found.rule in RULES


def test_a_failed_push_is_an_alert_at_once_with_its_reason_and_over_when_it_is_done(filled, store):
    store.refuse("AccessDenied", 403, lambda one: one.method == "PUT")
    assert push_due(filled, store.plan) == 0
    [found] = find_behind(filled, AlertPolicy(), MOMENT)
    level = check_bucket(read_standing(filled.redis)).level

    store.faults.clear()
    push_due(filled, store.plan)

    assert "denies access" in found.detail
    assert (level, check_bucket(read_standing(filled.redis)).level) == ("wrong", "ok")
    assert find_behind(filled, AlertPolicy(), MOMENT) == []


def test_a_day_that_is_refused_holds_up_no_other(filled, store):
    damage(filled.lake.root / ES)

    assert push_due(filled, store.plan) == 1
    standing = read_standing(filled.redis)
    assert (standing.days_behind, standing.oldest) == (1, "2025-10-09")
    assert standing.trouble.startswith(f"{ES} is not what is recorded")


def test_a_push_beside_another_or_an_export_is_no_alert(filled, store, monkeypatch):
    monkeypatch.setattr("app.bucket.pushing.LOCK_WAIT_S", 0.1)
    (filled.lake.root / ES).write_bytes(b"half")

    with files_lock(filled.sessions, NEXT, ["bucket"]), file_lock(filled.sessions, DAY, "ES"):
        assert push_due(filled, store.plan) == 0

    standing = read_standing(filled.redis)
    assert (standing.days_behind, standing.trouble) == (2, "")
    assert find_behind(filled, AlertPolicy(), MOMENT) == []


def test_a_bucket_that_was_emptied_gets_everything_again(filled, store):
    push_due(filled, store.plan)
    for name in store.names():
        store.delete(name)
    export_quotes(filled.sessions, filled.lake, trades(DAY, "ES", 301))

    push_due(filled, store.plan)

    assert days_to_push(filled, store.plan.place) == [NEXT]
    assert push_due(filled, store.plan) == 1


def test_a_dry_run_forgets_nothing(filled, store):
    push_due(filled, store.plan)
    store.delete("manifest/date=2025-10-09.json")

    list(push_days(filled, Bucket(store.plan), DAYS, PushOptions(dry_run=True)))

    assert days_to_push(filled, store.plan.place) == []


def test_a_push_of_which_the_time_is_over_leaves_the_rest_and_is_no_alert(filled, store, monkeypatch):
    monkeypatch.setattr("app.operations.bucket_keeping.BUDGET_S", 0.0)

    assert push_due(filled, store.plan) == 0

    assert len([name for name in store.names() if name.endswith(".parquet")]) == 1
    assert (read_standing(filled.redis).days_behind, read_standing(filled.redis).trouble) == (2, "")


def test_a_look_leaves_what_a_push_noted_meanwhile(filled, store):
    store.refuse("AccessDenied", 403)
    push_due(filled, store.plan)

    look_at_bucket(filled, store.plan.place)

    assert "denies access" in read_standing(filled.redis).trouble
    look_at_bucket(filled, "s3://other/thor")
    assert read_standing(filled.redis).trouble == ""


def test_a_bucket_that_is_missing_ends_it_all(filled, store):
    with pytest.raises(NotFound):
        list(push_days(filled, Bucket(replace(store.plan, place="s3://nowhere-at-all/thor")), DAYS))


def test_status_and_metrics_tell_how_far_it_is_behind(filled, store):
    look_at_bucket(filled, store.plan.place)

    assert bucket_figures(filled.redis)["days_behind"] == 2
    assert read_bus(filled.redis, MOMENT, 1000).figures["bucket_days_behind"] == {(): 2.0}


def test_days_with_files_are_told(filled):
    assert recorded_days(filled) == list(DAYS)
    assert recorded_days(filled, NEXT) == [NEXT]
    assert recorded_days(filled, None, NEXT) == [DAY]


@pytest.fixture
def filled(rt):
    fill_lake(rt.sessions, rt.lake)
    return rt
