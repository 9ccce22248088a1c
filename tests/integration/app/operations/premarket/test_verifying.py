from collections.abc import Iterator
from datetime import timedelta

import pytest
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import update

from app.bus import keys
from app.errors import Unavailable
from app.operations.premarket import verifying
from app.operations.premarket.finishing import finish_stage
from app.operations.premarket.verifying import ANOTHER, CHANGED, JUST_MADE, LOST, OVER, keep_cached, verify_report
from app.premarket.models import PremarketReport
from app.premarket.reports import report_text
from app.runtime import Runtime
from tests.fakes import FixedClock
from tests.hours import TICK
from tests.ladders import (
    CLOSES_AT,
    DAY,
    MARKET,
    MINUTE,
    OPENS_AT,
    POLICY,
    Alerts,
    at_work,
    done,
    done_job,
    key,
    planned,
    report_row,
    stage_row,
)

CACHED = keys.premarket_report(MARKET, DAY)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPENS_AT - 29 * MINUTE)


@pytest.fixture
def alerts() -> Alerts:
    return Alerts()


@pytest.fixture
def stores(rt: Runtime, alerts: Alerts) -> Iterator[Runtime]:
    """With a report that is READY and cached."""
    planned(rt)
    done(rt)
    at_work(rt, "report", {"*": done_job(rt)})
    assert finish_stage(rt, POLICY, key("report"), alert=alerts) == "done"
    yield rt


def test_a_report_that_the_cache_has_is_verified_at_the_open(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    at_open(clock)

    verify(stores, alerts)

    assert (stage_row(stores, "verify").status, stage_row(stores, "verify").reasons) == ("done", [])
    assert (report_row(stores).verdict, report_row(stores).verified_at) == ("READY", OPENS_AT)
    assert alerts.told == []


@pytest.mark.parametrize(("cached", "told"), [(None, LOST), ("{}", ANOTHER)])
def test_a_report_that_the_cache_lost_or_has_otherwise_is_put_there_again_and_told(
    stores: Runtime, alerts: Alerts, clock: FixedClock, cached: str | None, told: str
) -> None:
    change_cache(stores, cached)
    at_open(clock)

    verify(stores, alerts)

    assert stores.redis.get(CACHED) == report_text(report_row(stores).document or {})
    assert (stage_row(stores, "verify").status, stage_row(stores, "verify").reasons) == ("done", [told])
    assert (report_row(stores).verdict, report_row(stores).reasons) == ("DEGRADED", [f"verify: {told}"])
    assert report_row(stores).verified_at is None
    assert [(one.rule, one.subject) for one in alerts.told] == [("premarket_cache_miss", f"{MARKET} {DAY}")]


def test_a_stage_that_has_ended_is_not_verified_again(stores: Runtime, alerts: Alerts, clock: FixedClock) -> None:
    at_open(clock)
    verify(stores, alerts)
    stores.redis.delete(CACHED)

    verify(stores, alerts)

    assert (stores.redis.get(CACHED), alerts.told) == (None, [])


def test_what_was_found_wrong_is_told_though_a_kill_came_before_the_end(
    stores: Runtime, alerts: Alerts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.redis.delete(CACHED)
    at_open(clock)
    with monkeypatch.context() as patch:
        patch.setattr(verifying, "end_stage", killed)
        with pytest.raises(KeyboardInterrupt):
            verify(stores, alerts)
    assert stores.redis.get(CACHED) is not None

    verify(stores, alerts)

    assert stage_row(stores, "verify").reasons == [LOST]
    assert report_row(stores).verdict == "DEGRADED"


def test_a_kill_before_the_verdict_leaves_the_stage_to_be_ended_again(
    stores: Runtime, alerts: Alerts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_open(clock)
    with monkeypatch.context() as patch:
        patch.setattr(verifying, "settle_verdict", killed)
        with pytest.raises(KeyboardInterrupt):
            verify(stores, alerts)

    assert stage_row(stores, "verify").status == "started"
    verify(stores, alerts)
    assert stage_row(stores, "verify").status == "done"


def test_a_cache_that_is_away_is_asked_again_until_two_minutes_after_the_open(
    stores: Runtime, alerts: Alerts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_open(clock)
    monkeypatch.setattr(stores.redis, "get", away)

    with pytest.raises(Unavailable):
        verify(stores, alerts)
    clock.advance(2 * MINUTE - TICK)
    with pytest.raises(Unavailable):
        verify(stores, alerts)
    assert stage_row(stores, "verify").status == "started"
    clock.advance(TICK)
    verify(stores, alerts)

    row = stage_row(stores, "verify")
    assert (row.status, report_row(stores).verdict) == ("failed", "DEGRADED")
    assert row.reasons == [
        "the cache could not be read: Redis does not answer (ConnectionError): check REDIS_URL and that it runs"
    ]
    assert alerts.rules == ["premarket_failure"]


def test_a_cache_that_is_back_in_time_is_verified(
    stores: Runtime, alerts: Alerts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_open(clock)
    with monkeypatch.context() as patch:
        patch.setattr(stores.redis, "get", away)
        with pytest.raises(Unavailable):
            verify(stores, alerts)
    clock.advance(MINUTE)

    verify(stores, alerts)

    assert report_row(stores).verdict == "READY"


def test_without_a_report_the_verification_fails_and_the_day_is_missing(
    rt: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    planned(rt)
    at_open(clock)

    verify(rt, alerts)

    assert (stage_row(rt, "verify").status, stage_row(rt, "verify").reasons) == ("failed", ["there is no report"])
    assert report_row(rt).verdict == "MISSING"
    assert alerts.rules == []


def test_a_report_that_somebody_changed_in_the_database_is_told(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    with stores.sessions.begin() as session:
        session.execute(update(PremarketReport).values(document={"signals": "another"}))
    at_open(clock)

    verify(stores, alerts)

    assert stage_row(stores, "verify").reasons == [CHANGED, ANOTHER]
    assert report_row(stores).verdict == "DEGRADED"


def test_long_after_the_session_nobody_expects_the_report_in_the_cache(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    stores.redis.delete(CACHED)
    clock.advance(CLOSES_AT + timedelta(hours=1) - clock.now())

    verify(stores, alerts)

    assert (stage_row(stores, "verify").status, stage_row(stores, "verify").reasons) == ("late", [OVER])
    assert (stores.redis.get(CACHED), alerts.told) == (None, [])


def test_a_day_that_was_never_planned_is_not_verified(rt: Runtime, alerts: Alerts) -> None:
    verify_report(rt, MARKET, DAY, alert=alerts)

    assert alerts.told == []


@pytest.mark.parametrize("cached", [None, "{}"])
def test_before_the_open_a_report_that_the_cache_lost_is_put_there_again_at_once(
    stores: Runtime, alerts: Alerts, clock: FixedClock, cached: str | None
) -> None:
    change_cache(stores, cached)
    clock.advance(10 * MINUTE)

    assert keep_cached(stores, MARKET, DAY, alert=alerts)

    assert stores.redis.get(CACHED) == report_text(report_row(stores).document or {})
    assert alerts.rules == ["premarket_cache_miss"]
    assert not keep_cached(stores, MARKET, DAY, alert=alerts)
    at_open(clock)
    verify(stores, alerts)
    assert report_row(stores).verdict == "READY"


def test_a_report_that_was_just_made_is_not_lost_but_on_its_way(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    made_at = report_row(stores).made_at
    assert made_at is not None and made_at + JUST_MADE > clock.now()
    stores.redis.delete(CACHED)

    assert not keep_cached(stores, MARKET, DAY, alert=alerts)
    clock.advance(made_at + JUST_MADE - clock.now())
    assert keep_cached(stores, MARKET, DAY, alert=alerts)


def test_from_the_open_on_the_verification_sees_to_the_cache(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    stores.redis.delete(CACHED)
    at_open(clock)

    assert not keep_cached(stores, MARKET, DAY, alert=alerts)
    assert stores.redis.get(CACHED) is None


def test_there_is_nothing_to_keep_before_the_report_is_made(rt: Runtime, alerts: Alerts) -> None:
    assert not keep_cached(rt, MARKET, DAY, alert=alerts)
    planned(rt)
    assert not keep_cached(rt, MARKET, DAY, alert=alerts)


def test_a_cache_that_is_away_before_the_open_is_no_loss(
    stores: Runtime, alerts: Alerts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores.redis, "get", away)
    clock.advance(JUST_MADE)

    with pytest.raises(Unavailable):
        keep_cached(stores, MARKET, DAY, alert=alerts)
    assert alerts.told == []


def verify(stores: Runtime, alerts: Alerts) -> None:
    verify_report(stores, MARKET, DAY, alert=alerts)


def at_open(clock: FixedClock) -> None:
    clock.advance(OPENS_AT - clock.now())


def change_cache(stores: Runtime, text: str | None) -> None:
    if text is None:
        stores.redis.delete(CACHED)
    else:
        stores.redis.set(CACHED, text)


def killed(*_asked: object, **_options: object) -> None:
    raise KeyboardInterrupt


def away(*_asked: object, **_options: object) -> None:
    raise RedisAway("connection refused")
