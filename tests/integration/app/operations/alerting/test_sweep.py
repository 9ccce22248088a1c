import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import delete, select, update

from app.alerts.models import Alert
from app.alerts.rules import Condition
from app.bus import keys
from app.clock import SystemClock
from app.collectors.schwab.expiry import LoginTerm, record_login
from app.desk.events import EventKey, end_event, plan_event
from app.desk.models import SessionCertificate
from app.dispatch import QUEUES
from app.errors import Unavailable
from app.jobs.ledger import MODEL, MODEL_VERSION
from app.jobs.models import AnalysisJob, PredictionModel, PredictionScore
from app.ledger.losses import record_loss
from app.ledger.models import DeadLetter, Loss
from app.operations.alerting import disks, sweep
from app.operations.alerting.policy import AlertPolicy
from app.operations.alerting.sweep import FINDERS, sweep_alerts
from app.operations.divergences import Divergence, write_divergences
from app.operations.premarket.policy import PremarketPolicy
from app.operations.wishes import unwant, want
from app.premarket.definition import Ladder, climb_on
from app.premarket.models import PremarketStage
from app.premarket.reports import set_verdict
from app.premarket.rows import plan_climb
from app.runtime import Runtime
from app.settings import load_settings
from app.stores import Stores
from app.wiring import wire
from tests.admin_rows import job_row
from tests.fakes import FixedClock, RecordingDispatch

MARKET, DAY = "CME_Futures", date(2025, 10, 9)
OPENS, CLOSES = datetime(2025, 10, 9, 13, 30, tzinfo=UTC), datetime(2025, 10, 9, 21, tzinfo=UTC)
NOW = OPENS - timedelta(minutes=28)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
Step = Callable[[Runtime], None]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture(autouse=True)
def settled(bus: Redis, clock: FixedClock) -> None:
    # Sweeps have gone on for a while, and every queue is served.
    bus.set(keys.SWEEPING_SINCE, int((clock.now() - HOUR).timestamp() * 1000))
    for queue in QUEUES:
        bus.set(keys.busy(queue), 1)


def test_on_a_system_where_all_is_well_nothing_is_raised(rt: Runtime) -> None:
    now = SystemClock()

    changes = sweep_alerts(replace(rt, clock=now), AlertPolicy(), now.now())

    assert not changes.raised


def make_ladder(rt: Runtime) -> None:
    climb = climb_on(Ladder(MARKET), rt.market, DAY)
    with rt.sessions.begin() as session:
        plan_climb(session, climb)


def end_ladder(rt: Runtime) -> None:
    done = {"status": "done", "done_at": NOW, "asof": NOW}
    with rt.sessions.begin() as session:
        session.execute(update(PremarketStage).values(done))


def lack(rt: Runtime) -> None:
    make_ladder(rt)
    end_ladder(rt)
    with rt.sessions.begin() as session:
        told = {"missing": ["ES: 2 of 60 sessions"], "left_out": {}}
        session.execute(update(PremarketStage).where(PremarketStage.stage == "composite").values(detail=told))


def lack_nothing(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.execute(update(PremarketStage).values(detail={"missing": [], "left_out": {}}))


def judge(verdict: str) -> Step:
    def step(rt: Runtime) -> None:
        make_ladder(rt)
        end_ladder(rt)
        with rt.sessions.begin() as session:
            set_verdict(session, MARKET, DAY, verdict, ["the reason"])

    return step


def judge_well(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        set_verdict(session, MARKET, DAY, "READY", [])


def silence_queue(rt: Runtime) -> None:
    rt.redis.delete(keys.busy("ingest"))
    rt.redis.set(keys.pulse("ingest"), int((NOW - 61 * SECOND).timestamp() * 1000))


def serve_queue(rt: Runtime) -> None:
    rt.redis.set(keys.busy("ingest"), 1)


def disagree(rt: Runtime) -> None:
    known = {"symbol": "ES", "kind": "price", "other": "SCHWAB", "since": NOW, "checked": NOW, "last": 8, "worst": 9}
    pairs = {"EXCEL": True, "REPLAY": False}
    write_divergences(rt.redis, [Divergence(**known, source=name, alarming=loud) for name, loud in pairs.items()])


def login_until(expires_at: datetime) -> Step:
    return lambda rt: record_login(rt.redis, LoginTerm(expires_at), NOW)


def miss_login(rt: Runtime) -> None:
    login_until(NOW)(rt)
    want(rt, "SCHWAB", "hand")


def renew_login(rt: Runtime) -> None:
    login_until(NOW + 100 * HOUR)(rt)


def wait_in_stream(rt: Runtime) -> None:
    ago_ms = int((time.time() - 45) * 1000)
    rt.redis.xadd(keys.STREAM, {"symbol": "ES"}, id=f"{ago_ms}-0")
    rt.redis.xgroup_create(keys.STREAM, keys.INGEST_GROUP, id="0")


def store_all(rt: Runtime) -> None:
    rt.redis.xgroup_setid(keys.STREAM, keys.INGEST_GROUP, "$")


def fail_session(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.add(
            SessionCertificate(
                market=MARKET, session_date=DAY, verdict="failed", reasons=["a hole"], figures={}, files=[], made_at=NOW
            )
        )


def plan_close(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        plan_event(session, EventKey(MARKET, DAY, "open"), NOW - 16 * MINUTE)


def end_close(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        end_event(session, EventKey(MARKET, DAY, "open"), NOW, "done")


def put_aside(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.add(DeadLetter(stream_id="1-1", reason="bad", fields={}, first_seen=NOW))


def lose(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        record_loss(session, "unexplained", "r1", 7)
        session.execute(update(Loss).values(observed_at=NOW - HOUR))


def without(table: type) -> Step:
    def step(rt: Runtime) -> None:
        with rt.sessions.begin() as session:
            session.execute(delete(table))

    return step


def age_loss(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.execute(update(Loss).values(observed_at=NOW - 25 * HOUR))


def strand_job(rt: Runtime) -> None:
    with rt.sessions.begin() as session:
        session.add(job_row(created_at=NOW - 181 * SECOND))


def score(day: date, *, degraded: bool) -> Step:
    degradation = {"cusum": {"value": 9.5, "n": 80}, "last_200": {"value": -0.02, "n": 80}}

    def step(rt: Runtime) -> None:
        with rt.sessions.begin() as session:
            model = session.scalar(select(PredictionModel).where(PredictionModel.kind == MODEL))
            if model is None:
                model = PredictionModel(kind=MODEL, version=MODEL_VERSION, created_at=NOW)
                session.add(model)
                session.flush()
            session.add(
                PredictionScore(
                    model_id=model.id, symbol="ES", horizon="1h", session_date=day, scored_at=NOW, outcomes=80,
                    degraded=degraded, figures={"degradation": degradation},
                )
            )  # fmt: skip

    return step


def stumble(rt: Runtime) -> None:
    told = {"place": "s3://desk/thor", "days": 1, "oldest": str(DAY), "since_ms": 1, "trouble": "it is away"}
    rt.redis.hset(keys.BUCKET, mapping=told)


def push_everything(rt: Runtime) -> None:
    rt.redis.hset(keys.BUCKET, mapping={"days": 0, "since_ms": 0, "trouble": ""})


CASES = {
    "premarket_late": (make_ladder, end_ladder, f"{MARKET} {DAY} composite", "critical"),
    "premarket_missing_data": (lack, lack_nothing, f"{MARKET} {DAY}", "warning"),
    "premarket_verdict": (judge("DEGRADED"), judge_well, f"{MARKET} {DAY}", "warning"),
    "queue_silent": (silence_queue, serve_queue, "ingest", "critical"),
    "source_silent": (lambda rt: want(rt, "EXCEL", "hand"), lambda rt: unwant(rt, "EXCEL"), "EXCEL", "critical"),
    "sources_disagree": (disagree, lambda rt: write_divergences(rt.redis, []), "ES EXCEL/SCHWAB", "warning"),
    "login_expiring": (login_until(NOW + 48 * HOUR), renew_login, "SCHWAB", "warning"),
    "ingest_lag": (wait_in_stream, store_all, "", "warning"),
    "stream_full": (wait_in_stream, lambda rt: rt.redis.delete(keys.STREAM), "", "critical"),
    "bucket_behind": (stumble, push_everything, "", "warning"),
    "session_overdue": (plan_close, end_close, f"{MARKET} {DAY} open", "critical"),
    "session_failed": (fail_session, without(SessionCertificate), f"{MARKET} {DAY}", "warning"),
    "dead_letters": (put_aside, without(DeadLetter), "", "warning"),
    "losses": (lose, age_loss, "", "critical"),
    "jobs_stuck": (strand_job, without(AnalysisJob), "", "warning"),
    "model_degraded": (
        score(DAY - timedelta(days=2), degraded=True),
        score(DAY - timedelta(days=1), degraded=False),
        f"ES 1h {MODEL} {MODEL_VERSION}",
        "warning",
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_what_is_wrong_until_it_is_over(rt: Runtime, clock: FixedClock, rule: str) -> None:
    harm, mend, subject, severity = CASES[rule]
    policy = AlertPolicy(stream_cap=1) if rule == "stream_full" else AlertPolicy()
    assert not found(rt, policy, rule)

    harm(rt)
    first, again = found(rt, policy, rule), found(rt, policy, rule)
    mend(rt)
    cleared = found(rt, policy, rule)
    clock.advance(2 * MINUTE)
    over = found(rt, policy, rule)

    assert [(one.subject, one.severity) for one in first] == [(subject, severity)]
    assert [one.id for one in again] == [one.id for one in first] == [one.id for one in cleared]
    assert first[0].detail
    assert not over


def test_every_rule_has_a_case_here_or_a_test_below() -> None:
    assert set(FINDERS) == {*CASES, "clock_skew", "disk_low"}


def test_clocks_that_differ_are_told_until_they_agree(rt: Runtime, clock: FixedClock) -> None:
    assert {one.subject: one.severity for one in found(rt, AlertPolicy(), "clock_skew")} == {
        "PostgreSQL": "critical",
        "Redis": "critical",
    }

    right = replace(rt, clock=SystemClock())
    found(right, AlertPolicy(), "clock_skew", clock.now())
    clock.advance(2 * MINUTE)

    assert not found(right, AlertPolicy(), "clock_skew", clock.now())


def test_a_disk_is_told_once_however_many_places_are_on_it(
    rt: Runtime, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = AlertPolicy(places=[tmp_path, tmp_path / "data"])
    monkeypatch.setattr(disks, "CRITICAL", (0.0, 0))
    monkeypatch.setattr(disks, "WARNING", (2.0, 0))
    [low] = found(rt, policy, "disk_low")

    monkeypatch.setattr(disks, "WARNING", (0.0, 0))
    found(rt, policy, "disk_low")
    clock.advance(2 * MINUTE)

    assert low.severity == "warning"
    assert str(tmp_path).startswith(low.subject)
    assert not found(rt, policy, "disk_low")


@pytest.mark.parametrize(
    ("step", "rule", "severity"),
    [
        (judge("DEGRADED"), "premarket_verdict", "warning"),
        (judge("MISSING"), "premarket_verdict", "critical"),
        (miss_login, "login_expiring", "critical"),
    ],
)
def test_what_is_graver_is_told_as_such(rt: Runtime, step: Step, rule: str, severity: str) -> None:
    step(rt)

    assert [one.severity for one in found(rt, AlertPolicy(), rule)] == [severity]


def test_a_report_that_is_not_made_is_late_before_the_open_and_missing_after_it_and_never_both(rt: Runtime) -> None:
    policy, names = AlertPolicy(), ("premarket_late", "premarket_verdict")
    make_ladder(rt)

    def told(verdict: str) -> list[str]:
        with rt.sessions.begin() as session:
            set_verdict(session, MARKET, DAY, verdict, ["the reason"])
        return [one.rule for name in names for one in FINDERS[name](rt, policy, OPENS - MINUTE)]

    assert told("LATE") == ["premarket_late"]
    assert told("MISSING") == ["premarket_verdict"]


def test_a_ladder_is_told_of_until_its_session_is_over(rt: Runtime, clock: FixedClock) -> None:
    judge("MISSING")(rt)
    clock.advance(CLOSES - SECOND - clock.now())
    before = found(rt, AlertPolicy(), "premarket_verdict")
    clock.advance(SECOND)
    found(rt, AlertPolicy(), "premarket_verdict")
    clock.advance(2 * MINUTE)

    assert len(before) == 1
    assert not found(rt, AlertPolicy(), "premarket_verdict")


def test_a_ladder_that_nobody_planned_is_late_too(rt: Runtime, clock: FixedClock) -> None:
    policy = AlertPolicy(premarket=PremarketPolicy([Ladder(MARKET)]))

    clock.advance(8 * MINUTE)
    late = found(rt, policy, "premarket_late")
    clock.advance(OPENS - clock.now())

    assert [one.facts["stage"] for one in late] == ["report"]
    assert "it was never planned" in late[0].detail
    assert not list(FINDERS["premarket_late"](rt, policy, clock.now()))


def test_without_a_login_that_anybody_uses_none_is_missed(rt: Runtime) -> None:
    login_until(NOW)(rt)

    assert not found(rt, AlertPolicy(sources=["EXCEL"]), "login_expiring")
    assert found(rt, AlertPolicy(sources=["SCHWAB"]), "login_expiring")


def test_a_rule_whose_server_is_away_leaves_its_alerts_and_holds_up_no_other(
    rt: Runtime, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    silence_queue(rt)
    disagree(rt)
    put_aside(rt)
    sweep_alerts(rt, AlertPolicy(), clock.now())
    without(DeadLetter)(rt)
    half = without_redis(rt, clock)

    for _time in range(2):
        sweep_alerts(half, AlertPolicy(), clock.now())
        clock.advance(3 * MINUTE)

    assert "login_expiring, stream_full, clock_skew, bucket_behind cannot be found out" in caplog.text
    assert {one.rule for one in unresolved(rt)} >= {"queue_silent", "sources_disagree"}
    assert "dead_letters" not in {one.rule for one in unresolved(rt)}


def test_a_rule_that_breaks_holds_up_no_other(
    rt: Runtime, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_stores: Stores, _policy: AlertPolicy, _now: datetime) -> list[object]:
        raise ValueError("a fault")

    monkeypatch.setattr(sweep, "FINDERS", {"losses": broken, "dead_letters": FINDERS["dead_letters"]})
    put_aside(rt)

    sweep_alerts(rt, AlertPolicy(), clock.now())

    assert [one.rule for one in unresolved(rt)] == ["dead_letters"]
    [line] = [record for record in caplog.records if "cannot be found out" in record.message]
    assert line.exc_info


def test_where_time_runs_short_the_rest_waits_for_the_next_sweep(
    rt: Runtime, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sweep, "TIME_LIMIT_S", -1.0)
    put_aside(rt)

    sweep_alerts(rt, AlertPolicy(), clock.now())

    assert not unresolved(rt)
    assert "no time is left to check premarket_late" in caplog.text


def test_what_a_start_settles_is_not_told_for_ninety_seconds(rt: Runtime, bus: Redis, clock: FixedClock) -> None:
    bus.delete(keys.SWEEPING_SINCE)
    silence_queue(rt)
    put_aside(rt)

    told = []
    for _time in range(7):
        sweep_alerts(rt, AlertPolicy(), clock.now())
        told.append({one.rule for one in unresolved(rt)} & {"queue_silent", "dead_letters"})
        clock.advance(15 * SECOND)

    assert told == [{"dead_letters"}] * 6 + [{"queue_silent", "dead_letters"}]


def found(rt: Runtime, policy: AlertPolicy, rule: str, now: datetime | None = None) -> list[Alert]:
    sweep_alerts(rt, policy, now or rt.clock.now())
    return [one for one in unresolved(rt) if one.rule == rule]


def unresolved(rt: Runtime) -> list[Alert]:
    with rt.sessions() as session:
        return list(session.scalars(select(Alert).where(Alert.resolved_at.is_(None)).order_by(Alert.id.desc())))


def without_redis(rt: Runtime, clock: FixedClock) -> Runtime:
    nowhere = load_settings(
        _env_file=None,
        database_url=rt.settings.database_url,
        redis_url="redis://127.0.0.1:1/0",
        state_dir=rt.settings.state_dir,
    )
    return wire(Flask("half"), nowhere, RecordingDispatch(), clock)


def test_rules_that_fail_for_one_cause_are_told_in_one_line(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> list[Condition]:
        raise Unavailable("PostgreSQL is not running")

    monkeypatch.setattr(sweep, "FINDERS", {"losses": fail, "dead_letters": fail, "model_degraded": lambda *_: []})

    sweep_alerts(rt, AlertPolicy(), rt.clock.now())

    lines = [record.message for record in caplog.records if "cannot be found out" in record.message]
    assert lines == ["whether there is losses, dead_letters cannot be found out: PostgreSQL is not running"]
