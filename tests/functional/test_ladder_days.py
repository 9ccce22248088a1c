"""Days before the open as a desk lives through them, with what can go wrong on them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select, update

from app.alerts.models import Alert
from app.analysis.engine import analyse
from app.bus import keys
from app.instruments.models import TradingInstrument
from app.jobs.models import AnalysisJob, Prediction, PredictionModel
from app.market.markets import market
from app.premarket.definition import STAGES, climb_on
from app.premarket.reports import find_report, report_text
from app.premarket.rows import stages_of
from tests.made_lakes import minute_ticks, put, walk_of
from tests.simulated_desk import DESK_LADDERS, MINUTE, QueueDispatch, SimulatedDesk, SteppedClock, by_session

pytestmark = pytest.mark.timeout(240)

MARKET = "CME_Futures"
DAY = date(2025, 10, 9)
BEFORE = 6
SYMBOLS = ("ES",)
OPENS = datetime(2025, 10, 9, 13, 30, tzinfo=UTC)
HISTORY = market(MARKET).sessions(date(2025, 9, 1), DAY)[-BEFORE - 1 :]
SESSIONS = [*HISTORY, *market(MARKET).sessions(DAY, date(2025, 10, 11))]


@pytest.fixture
def clock():
    return SteppedClock(SESSIONS[BEFORE].open - MINUTE)


@pytest.fixture
def dispatch():
    return QueueDispatch()


@pytest.fixture
def desk(rt):
    """A desk with a history in its lake, on the evening before yesterday's session, which it lives through."""
    walks = {symbol: walk_of(seed, minutes()) for seed, symbol in enumerate(SYMBOLS)}
    bounds = np.cumsum([0, *((one.close - one.open) // MINUTE for one in SESSIONS)])
    for symbol, walk in walks.items():
        for place, one in enumerate(SESSIONS[:BEFORE]):
            ticks = minute_ticks(one, walk[bounds[place] : bounds[place + 1]], np.random.default_rng(place), symbol)
            put(rt.lake.ticks_file(one.day, symbol), ticks)
    made = by_session({symbol: lambda _n, walk=walk: walk for symbol, walk in walks.items()}, SESSIONS, 1)
    desk = SimulatedDesk(rt, SYMBOLS, made)
    yesterday = SESSIONS[BEFORE]
    desk.go_to(yesterday.open + MINUTE)
    desk.work()
    desk.close(yesterday)
    return desk


def test_a_day_without_trouble_is_ready_long_before_its_open(desk):
    desk.climb(DAY)

    rows, report = recorded(desk)
    assert {row.stage: row.status for row in rows} == dict.fromkeys(STAGES, "done")
    assert (report.verdict, report.reasons) == ("READY", [])
    assert OPENS - report.made_at >= timedelta(minutes=25)
    assert sorted(report.document["signals"]) == list(SYMBOLS)
    assert desk.stores.redis.get(keys.premarket_report(MARKET, DAY)) is not None
    assert not alerts(desk, "premarket")


def test_each_stage_works_once_with_what_was_known_when_it_began_the_running_session_included(desk):
    desk.climb(DAY)
    before = numbers(desk)
    desk.tick()
    desk.work()

    rows, report = recorded(desk)
    assert numbers(desk) == before
    for row in rows:
        for job in jobs(desk, row):
            assert job.asof == row.asof <= row.started_at
            assert job.end_date == DAY
    with desk.stores.sessions() as session:
        made = session.scalars(select(Prediction)).all()
    assert all(one.asof <= one.made_at for one in made)
    assert report.asof <= report.made_at
    assert desk.stores.lake.ticks_file(DAY, "ES").is_file()


def test_beat_that_is_away_from_four_hours_before_to_forty_minutes_before_costs_stages_and_not_the_report(desk):
    desk.go_to(OPENS - timedelta(hours=4))
    desk.work()
    desk.climb(DAY, instants=[OPENS - timedelta(minutes=40), OPENS - timedelta(minutes=30), OPENS])

    rows, report = recorded(desk)
    status = {row.stage: row.status for row in rows}
    assert status == dict.fromkeys(("comprehensive", "patterns", "predictions"), "skipped") | dict.fromkeys(
        ("composite", "report", "verify"), "done"
    )
    assert report.verdict == "DEGRADED"
    assert any("comprehensive" in reason for reason in report.reasons)


def test_beat_that_is_away_until_after_the_open_leaves_the_day_without_a_report_and_says_so(desk):
    desk.go_to(OPENS - timedelta(hours=4))
    desk.work()
    desk.go_to(OPENS + timedelta(minutes=1))
    desk.work()

    _, report = recorded(desk)
    assert report.verdict == "MISSING"
    assert alerts(desk, "premarket_verdict")[0].severity == "critical"


def test_redis_that_is_flushed_ten_minutes_before_gets_the_report_back_and_somebody_is_told(desk):
    desk.climb(DAY, instants=before_the_open())
    desk.flush()
    desk.go_to(OPENS - timedelta(minutes=10))
    desk.work()

    _, report = recorded(desk)
    cached = desk.stores.redis.get(keys.premarket_report(MARKET, DAY))
    assert (
        cached is not None and report.sha256 and report_text(report.document) in (cached, report_text(report.document))
    )
    assert alerts(desk, "premarket_cache_miss")
    desk.go_to(OPENS)
    desk.work()
    assert recorded(desk)[1].verdict == "READY"


def test_a_flush_that_only_the_open_finds_is_told_in_the_verdict(desk):
    desk.climb(DAY, instants=before_the_open())
    desk.flush()
    desk.go_to(OPENS)
    desk.work()

    _, report = recorded(desk)
    assert desk.stores.redis.get(keys.premarket_report(MARKET, DAY)) is not None
    assert alerts(desk, "premarket_cache_miss")
    assert report.verdict in ("READY", "DEGRADED")


def test_a_past_day_that_the_lake_has_lost_is_written_again_from_the_database(desk):
    yesterday = SESSIONS[BEFORE]
    desk.stores.lake.ticks_file(yesterday.day, "ES").unlink()
    desk.climb(DAY)

    _, report = recorded(desk)
    assert desk.stores.lake.ticks_file(yesterday.day, "ES").is_file()
    assert (report.verdict, report.reasons) == ("READY", [])


def test_a_damaged_file_whose_ticks_the_database_has_is_mended(desk):
    yesterday = SESSIONS[BEFORE]
    damage(desk.stores.lake.ticks_file(yesterday.day, "ES"))
    desk.climb(DAY)

    _, report = recorded(desk)
    assert (report.verdict, report.reasons) == ("READY", [])


def test_a_day_that_nobody_has_any_more_is_told(desk):
    lost = SESSIONS[BEFORE - 2]
    desk.stores.lake.ticks_file(lost.day, "ES").unlink()
    desk.climb(DAY)

    _, report = recorded(desk)
    assert report.verdict == "DEGRADED"
    assert any(lost.day.isoformat() in reason and "ES" in reason for reason in report.reasons)
    assert alerts(desk, "premarket_missing_data")


def test_a_damaged_file_that_nobody_can_mend_leaves_its_day_out_and_says_so(desk):
    lost = SESSIONS[BEFORE - 2]
    damage(desk.stores.lake.ticks_file(lost.day, "ES"))
    desk.climb(DAY)

    _, report = recorded(desk)
    assert report.verdict == "DEGRADED"
    assert any(lost.day.isoformat() in reason and "ES" in reason for reason in report.reasons)
    assert len(report.document["signals"]) == len(SYMBOLS)


def test_a_model_that_fails_leaves_a_report_without_predictions_and_an_alert(desk):
    def failing(question, *asked, **options):
        if question.kind in ("prediction", "full"):
            raise ZeroDivisionError("the model is broken")
        return analyse(question, *asked, **options)

    desk.analyse = failing
    desk.climb(DAY)

    _, report = recorded(desk)
    assert report.verdict == "DEGRADED"
    assert {one["action"] for one in report.document["signals"].values()} == {"HOLD"}
    assert alerts(desk, "premarket_failure") or alerts(desk, "premarket_verdict")


def test_a_model_that_is_switched_off_is_told(desk):
    desk.climb(DAY, instants=[OPENS - timedelta(hours=3)])
    with desk.stores.sessions.begin() as session:
        session.execute(update(PredictionModel).values(enabled=False))
    desk.climb(DAY)

    _, report = recorded(desk)
    assert report.verdict == "DEGRADED"
    assert any("model" in reason for reason in report.reasons)


def test_a_symbol_without_a_tick_is_left_out_and_named(desk):
    with desk.stores.sessions.begin() as session:
        session.execute(update(TradingInstrument).where(TradingInstrument.symbol == "CL").values(watch_position=9))
    desk.climb(DAY)

    _, report = recorded(desk)
    assert sorted(report.document["signals"]) == list(SYMBOLS)
    assert report.verdict == "DEGRADED"
    assert any("CL" in reason for reason in report.reasons)


def before_the_open():
    ladder = climb_on(DESK_LADDERS[0], market(MARKET), DAY)
    return [rung.planned_at for rung in ladder.rungs[:-1]]


def recorded(desk):
    with desk.stores.sessions() as session:
        return stages_of(session, MARKET, DAY), find_report(session, MARKET, DAY)


def alerts(desk, rule):
    with desk.stores.sessions() as session:
        return session.scalars(select(Alert).where(Alert.rule.startswith(rule))).all()


def jobs(desk, row):
    with desk.stores.sessions() as session:
        return session.scalars(select(AnalysisJob).where(AnalysisJob.id.in_(list(row.jobs.values())))).all()


def numbers(desk):
    with desk.stores.sessions() as session:
        return session.scalars(select(AnalysisJob.id).order_by(AnalysisJob.id)).all()


def minutes():
    return sum((one.close - one.open) // MINUTE for one in SESSIONS)


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
