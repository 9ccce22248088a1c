from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.jobs.models import Prediction, PredictionModel, PredictionScore
from app.jobs.running import run_job
from app.jobs.score_history import degraded_models
from app.jobs.scores import due_sessions, score_session
from app.jobs.watching import RunLimits
from app.operations.tick import market_tick, plan_tick
from app.operations.tick_steps import ScoreSession, TickPolicy
from tests.analyses import NOW, SteppedAnalysis, ask
from tests.hours import at
from tests.ledgers import ledger, successor

MONDAY, TUESDAY, WEDNESDAY = date(2025, 10, 6), date(2025, 10, 7), date(2025, 10, 8)
CLOSES = {day: at(f"{day}T21:00Z") for day in (MONDAY, TUESDAY, WEDNESDAY)}
SOON = timedelta(minutes=30)


def test_a_session_is_scored_once(stores):
    said(stores, MONDAY, [1] * 30 + [0] * 10)
    said(stores, MONDAY, [1] * 3, "NQ", horizon="5m")

    first, again = score(stores, MONDAY), score(stores, MONDAY)

    assert (first, again) == (2, 0)
    es, nq = rows(stores)
    assert (es.symbol, es.horizon, es.session_date, es.outcomes, es.degraded) == ("ES", "1h", MONDAY, 40, False)
    assert es.figures["all"]["brier"]["value"] == pytest.approx(0.21)
    assert es.figures["all"]["brier"]["asof"] == "2025-10-06T21:00:00.000000Z"
    assert (nq.symbol, nq.outcomes, nq.figures["all"]["brier"]["status"]) == ("NQ", 3, "insufficient_data")


def test_a_session_has_all_outcomes_up_to_its_close_and_none_after(stores):
    said(stores, MONDAY, [1] * 30)
    said(stores, TUESDAY, [0] * 10)
    ledger(stores, outcomes=[1, 0], begin=CLOSES[TUESDAY] - timedelta(hours=1), step=timedelta(minutes=1))

    for day in (MONDAY, TUESDAY):
        score(stores, day, NOW)

    assert {row.session_date: row.outcomes for row in rows(stores)} == {MONDAY: 30, TUESDAY: 41}


def test_a_session_is_not_over_before_its_outcomes_are_known_or_a_day_has_passed(stores):
    said(stores, MONDAY, [1] * 30)
    said(stores, MONDAY, [None], "NQ")

    states = [due(stores, CLOSES[MONDAY] + wait) for wait in (-SOON, SOON, timedelta(hours=23), timedelta(days=1))]

    assert states == [[], [], [], [MONDAY]]
    assert score(stores, MONDAY, CLOSES[MONDAY] + SOON) == 0


def test_a_void_prediction_is_not_waited_for_and_does_not_count(stores):
    said(stores, MONDAY, [1] * 30)
    said(stores, MONDAY, [None], "NQ")
    with stores.sessions.begin() as session:
        values = {"void": "there is no data", "resolved_at": CLOSES[MONDAY]}
        session.execute(update(Prediction).where(Prediction.symbol == "NQ").values(values))

    assert due(stores, CLOSES[MONDAY] + SOON) == [MONDAY]
    assert score(stores, MONDAY) == 1


def test_while_old_outcomes_are_being_filled_in_a_session_is_waited_for(stores):
    later = CLOSES[WEDNESDAY] + SOON
    said(stores, MONDAY, [1] * 30, resolved_at=later - timedelta(minutes=1))
    said(stores, MONDAY, [None], "NQ")

    assert due(stores, later) == []
    assert due(stores, later + timedelta(minutes=10)) == [MONDAY]


def test_a_session_that_is_not_over_holds_up_those_after_it(stores):
    said(stores, MONDAY, [1] * 30)
    said(stores, TUESDAY, [None])
    said(stores, WEDNESDAY, [1] * 3)

    assert due(stores, CLOSES[WEDNESDAY] - timedelta(hours=4)) == [MONDAY]
    assert due(stores, CLOSES[WEDNESDAY] + SOON) == [MONDAY, TUESDAY, WEDNESDAY]


def test_what_was_missed_has_the_figures_that_it_would_have_had_on_time(stores):
    days = {MONDAY: [1] * 30 + [0] * 20, TUESDAY: [0, 1] * 20, WEDNESDAY: [0] * 50}
    for day, outcomes in days.items():
        said(stores, day, outcomes)
        score(stores, day, CLOSES[day] + SOON)
    on_time = told(stores)
    forget(stores)
    ledger(stores, outcomes=[1] * 5, begin=CLOSES[MONDAY] - timedelta(hours=9), data_hash="e" * 64, late=True)

    caught_up = due(stores, NOW + timedelta(days=20))
    for day in caught_up:
        score(stores, day, NOW + timedelta(days=20))

    assert caught_up == [MONDAY, TUESDAY, WEDNESDAY]
    assert told(stores) == on_time


def test_sessions_without_predictions_and_those_of_long_ago_are_let_be(stores):
    ledger(stores, outcomes=[1] * 30, begin=NOW - timedelta(days=100))
    said(stores, TUESDAY, [1] * 3, "NQ")

    assert due(stores, NOW) == [TUESDAY]
    assert score(stores, TUESDAY, NOW) == 1
    assert due(stores, NOW) == []


def test_kept_scores_cannot_be_touched_up(stores):
    said(stores, MONDAY, [1] * 30)
    score(stores, MONDAY)

    for change in (
        update(PredictionScore).values(degraded=True),
        delete(PredictionScore),
        text("TRUNCATE prediction_scores"),
    ):
        with (
            pytest.raises(DBAPIError, match="rows of prediction_scores are kept as they are"),
            stores.sessions.begin() as session,
        ):
            session.execute(change)


def test_a_loser_is_degraded_and_held_in_the_next_job(stores):
    said(stores, MONDAY, [0] * 60)
    said(stores, MONDAY, [1, 1, 0] * 20, "NQ")
    score(stores, MONDAY)
    analyse = SteppedAnalysis()

    run_job(stores, ask(stores, "ES", "NQ"), RunLimits(), worker="test", analyse=analyse)

    [found] = degraded(stores)
    assert (found.subject, found.since) == ("ES 1h direction-logistic 1", MONDAY)
    assert found.detail == (
        "ES is held at 1h: the predictions of direction-logistic 1 have done worse than the base rate since the "
        "session of 2025-10-06 (CUSUM 12.0, n = 60)"
    )
    assert analyse.asked[0]["degraded"] == [("ES", "1h")]


def test_what_has_recovered_is_held_no_more(stores):
    said(stores, MONDAY, [0] * 40 + [1, 0] * 5)
    said(stores, TUESDAY, [1, 0])
    for day in (MONDAY, TUESDAY):
        score(stores, day)
    [before] = degraded(stores)
    said(stores, WEDNESDAY, [1] * 80)
    analyse = SteppedAnalysis()

    score(stores, WEDNESDAY)
    run_job(stores, ask(stores), RunLimits(), worker="test", analyse=analyse)

    assert (before.symbol, before.since) == ("ES", MONDAY)
    assert degraded(stores) == []
    assert analyse.asked[0]["degraded"] == []
    assert [row.degraded for row in rows(stores)] == [True, True, False]


def test_what_degrades_again_is_degraded_since_then(stores):
    for day, outcomes in {MONDAY: [0] * 50, TUESDAY: [1] * 90, WEDNESDAY: [0] * 80}.items():
        said(stores, day, outcomes)
        score(stores, day)

    assert [row.degraded for row in rows(stores)] == [True, False, True]
    assert [one.since for one in degraded(stores)] == [WEDNESDAY]


def test_a_model_that_is_no_longer_used_holds_nothing(stores):
    said(stores, MONDAY, [0] * 60, model=successor(stores))
    score(stores, MONDAY)
    analyse = SteppedAnalysis()

    run_job(stores, ask(stores), RunLimits(), worker="test", analyse=analyse)

    assert [row.degraded for row in rows(stores)] == [True]
    assert degraded(stores) == []
    assert analyse.asked[0]["degraded"] == []


def test_a_model_that_is_switched_off_and_one_of_long_ago_are_not_told(stores):
    said(stores, MONDAY, [0] * 60)
    score(stores, MONDAY)

    assert degraded(stores, NOW + timedelta(days=95)) == []
    with stores.sessions.begin() as session:
        session.execute(update(PredictionModel).values(enabled=False))
    assert degraded(stores) == []


def test_the_tick_scores_sessions_some_at_a_time(stores, clock, monkeypatch):
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        said(stores, day, [1] * 3)
    policy = TickPolicy(partitions_ahead_days=2, resume_window_s=900)
    monkeypatch.setattr("app.operations.tick.SCORES_AT_ONCE", 2)

    def steps():
        return [step for step in plan_tick(stores, policy) if isinstance(step, ScoreSession)]

    first, at_once = steps(), steps()
    clock.advance(timedelta(minutes=1))
    market_tick(stores, policy)
    clock.advance(timedelta(minutes=1))

    assert (first, at_once, steps()) == ([ScoreSession(MONDAY), ScoreSession(TUESDAY)], [], [ScoreSession(WEDNESDAY)])
    assert [row.session_date for row in rows(stores)] == [MONDAY, TUESDAY]


def said(stores, day, outcomes, symbol="ES", **parts):
    """Predictions of a session, a minute apart, that say 0.6."""
    begin = CLOSES[day] - timedelta(hours=20)
    resolved_at = parts.pop("resolved_at", CLOSES[day])
    ledger(
        stores, symbol, outcomes=outcomes, begin=begin, step=timedelta(minutes=1), resolved_at=resolved_at, **parts
    )  # fmt: skip


def due(stores, now: datetime):
    with stores.sessions() as session:
        return due_sessions(session, stores.market, now)


def score(stores, day, now=None):
    with stores.sessions.begin() as session:
        return score_session(session, stores.market, day, now or CLOSES[day] + SOON)


def degraded(stores, now=NOW):
    with stores.sessions() as session:
        return degraded_models(session, now)


def rows(stores):
    order = (PredictionScore.session_date, PredictionScore.symbol)
    with stores.sessions() as session:
        return session.scalars(select(PredictionScore).order_by(*order)).all()


def told(stores):
    return [
        (row.symbol, row.horizon, row.session_date, row.outcomes, row.degraded, row.figures) for row in rows(stores)
    ]


def forget(stores):
    with stores.sessions.begin() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(delete(PredictionScore))
        assert session.scalar(select(func.count()).select_from(PredictionScore)) == 0
