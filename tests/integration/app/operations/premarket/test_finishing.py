from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisAway

from app.bus import keys
from app.errors import Unavailable
from app.jobs.claims import LOST_TWICE
from app.jobs.service import find_job, list_jobs
from app.operations.premarket import finishing, report_making
from app.operations.premarket.finishing import finish_stage
from app.premarket.definition import STAGES, Stage
from app.premarket.reports import report_text
from app.runtime import Runtime
from tests.documents import symbol_tree
from tests.fakes import FixedClock, RecordingDispatch
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
    failed_job,
    finish_job,
    job,
    job_row,
    key,
    planned,
    report_row,
    stage_row,
)

BACKUP_SAID = "the prediction failed: out of memory; this is the backup without predictions"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(OPENS_AT - 170 * MINUTE)


@pytest.fixture
def stores(rt: Runtime) -> Iterator[Runtime]:
    planned(rt)
    return rt


@pytest.fixture
def alerts() -> Alerts:
    return Alerts()


@pytest.fixture
def late_morning(clock: FixedClock) -> None:
    """The report has just begun."""
    clock.advance(OPENS_AT - 29 * MINUTE - clock.now())


def test_a_stage_whose_analyses_are_done_is_done_and_says_what_they_found(stores: Runtime, alerts: Alerts) -> None:
    numbers = {symbol: done_job(stores, "series", [symbol]) for symbol in ("ES", "CL")}
    at_work(stores, "comprehensive", numbers)

    assert finish(stores, alerts, "comprehensive") == "done"

    row = stage_row(stores, "comprehensive")
    assert (row.status, row.reasons, row.done_at) == ("done", [], stores.clock.now())
    assert row.detail["symbols"] == {symbol: {"job": numbers[symbol], "verdict": "ok"} for symbol in ("ES", "CL")}
    assert alerts.told == []


def test_a_stage_ends_once(stores: Runtime, alerts: Alerts) -> None:
    at_work(stores, "comprehensive", {"ES": done_job(stores, "series", ["ES"])})

    assert [finish(stores, alerts, "comprehensive") for _ in range(2)] == ["done", None]


@pytest.mark.parametrize("stage", ["comprehensive", "patterns"])
def test_a_stage_that_has_not_begun_or_was_never_planned_is_left_alone(
    stores: Runtime, alerts: Alerts, stage: Stage
) -> None:
    assert finish(stores, alerts, stage, gave_up=True) is None
    assert stage_row(stores, stage).status == "planned"
    assert finish_stage(stores, POLICY, key(stage)._replace(market="CME_FX"), alert=alerts) is None


def test_a_stage_goes_on_while_an_analysis_waits(stores: Runtime, alerts: Alerts, dispatch: RecordingDispatch) -> None:
    at_work(stores, "comprehensive", {"ES": done_job(stores, "series", ["ES"]), "CL": job(stores, "series", ["CL"])})

    assert finish(stores, alerts, "comprehensive") is None
    assert (stage_row(stores, "comprehensive").status, dispatch.sent) == ("started", [])


def test_an_analysis_that_failed_is_asked_for_once_more(
    stores: Runtime, alerts: Alerts, dispatch: RecordingDispatch
) -> None:
    good, bad = done_job(stores, "series", ["ES"]), failed_job(stores, kind="series", symbols=["CL"])
    at_work(stores, "comprehensive", {"ES": good, "CL": bad})

    assert finish(stores, alerts, "comprehensive") is None

    row = stage_row(stores, "comprehensive")
    again = job_row(stores, row.jobs["CL"])
    assert (again.retry_of, again.status, again.requested_by) == (bad, "pending", "premarket")
    assert row.jobs["ES"] == good
    assert row.detail["failures"] == [{"what": "CL", "job": bad, "kind": "series", "error": "out of memory"}]
    assert dispatch.sent == [("run_job", again.id, "urgent")]


def test_a_second_try_that_succeeds_is_nothing_to_mind(stores: Runtime, alerts: Alerts) -> None:
    at_work(stores, "comprehensive", {"CL": failed_job(stores, kind="series", symbols=["CL"])})
    finish(stores, alerts, "comprehensive")
    finish_job(stores, stage_row(stores, "comprehensive").jobs["CL"])

    assert finish(stores, alerts, "comprehensive") == "done"
    assert stage_row(stores, "comprehensive").reasons == []
    assert len(stage_row(stores, "comprehensive").detail["failures"]) == 1


def test_an_analysis_that_failed_twice_is_left_out_of_a_stage_that_is_done_with_the_others(
    stores: Runtime, alerts: Alerts, dispatch: RecordingDispatch
) -> None:
    numbers = {"ES": done_job(stores, "series", ["ES"]), "CL": failed_job(stores, kind="series", symbols=["CL"])}
    at_work(stores, "comprehensive", numbers)
    finish(stores, alerts, "comprehensive")
    fail(stores, stage_row(stores, "comprehensive").jobs["CL"], "out of memory again")

    assert finish(stores, alerts, "comprehensive") == "done"
    assert stage_row(stores, "comprehensive").reasons == ["CL: its analysis failed twice: out of memory again"]
    assert len(dispatch.sent) == 1


def test_a_stage_of_which_all_analyses_failed_has_failed_with_an_alert(stores: Runtime, alerts: Alerts) -> None:
    at_work(stores, "patterns", {"ES": failed_job(stores, kind="single", symbols=["ES"])})
    finish(stores, alerts, "patterns")
    fail(stores, stage_row(stores, "patterns").jobs["ES"], "the disk is full")

    assert finish(stores, alerts, "patterns") == "failed"
    assert stage_row(stores, "patterns").reasons == ["ES: its analysis failed twice: the disk is full"]
    assert [(one.rule, one.subject) for one in alerts.told] == [("premarket_failure", f"{MARKET} {DAY}")]
    assert alerts.told[0].detail.startswith("patterns: ES: its analysis failed twice: the disk is full")


def test_an_alert_that_cannot_be_raised_leaves_the_stage_to_the_next_tick(stores: Runtime, alerts: Alerts) -> None:
    at_work(stores, "patterns", {"ES": failed_job(stores, kind="single", symbols=["ES"])})

    def refuse(*_asked: object) -> None:
        raise RuntimeError("the alert cannot be written")

    with pytest.raises(RuntimeError):
        finish_stage(stores, POLICY, key("patterns"), gave_up=True, alert=refuse)
    assert stage_row(stores, "patterns").status == "started"
    assert finish(stores, alerts, "patterns", gave_up=True) == "failed"


def test_an_analysis_that_somebody_cancelled_has_failed(stores: Runtime, alerts: Alerts) -> None:
    cancelled = job(stores, "series", ["ES"], status="cancelled", finished_at=stores.clock.now())
    at_work(stores, "comprehensive", {"ES": cancelled})

    assert finish(stores, alerts, "comprehensive") is None
    assert stage_row(stores, "comprehensive").detail["failures"][0]["error"] == "it was cancelled"


def test_what_failed_is_not_asked_for_again_once_the_time_is_over(
    stores: Runtime, alerts: Alerts, clock: FixedClock, dispatch: RecordingDispatch
) -> None:
    at_work(stores, "comprehensive", {"ES": failed_job(stores, kind="series", symbols=["ES"])})
    clock.advance(50 * MINUTE)

    assert finish(stores, alerts, "comprehensive") == "failed"
    assert (stage_row(stores, "comprehensive").reasons, dispatch.sent) == (
        ["ES: its analysis failed: out of memory"],
        [],
    )


def test_analyses_that_are_given_up_are_cancelled_and_the_others_count(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    now = stores.clock.now()
    waits = job(stores, "series", ["ES"])
    runs = job(stores, "series", ["NQ"], status="running", started_at=now, heartbeat_at=now, attempt=1)
    at_work(stores, "comprehensive", {"ES": waits, "NQ": runs, "CL": done_job(stores, "series", ["CL"])})
    clock.advance(51 * MINUTE)

    assert finish(stores, alerts, "comprehensive", gave_up=True) == "late"

    assert job_row(stores, waits).status == "cancelled"
    assert job_row(stores, runs).cancel_asked_at is not None
    assert stage_row(stores, "comprehensive").reasons == [
        "ES: its analysis failed: it was not finished in time",
        "NQ: its analysis failed: it was not finished in time",
    ]
    assert stage_row(stores, "comprehensive").late_s == 60


def test_a_stage_that_nobody_prepared_in_time_has_failed(stores: Runtime, alerts: Alerts) -> None:
    at_work(stores, "comprehensive", {})
    unprepare(stores, "comprehensive")

    assert finish(stores, alerts, "comprehensive") is None
    assert finish(stores, alerts, "comprehensive", gave_up=True) == "failed"
    assert stage_row(stores, "comprehensive").reasons == ["its analyses were not asked for in time"]


def test_what_is_to_be_minded_of_symbols_is_told_what_hurts_most_first(stores: Runtime, alerts: Alerts) -> None:
    results = {
        "ES": {"verdict": "degraded"},
        "CL": {"reason_code": "model_disabled"},
        "NQ": {"reason_code": "model_disabled"},
        "GC": {"reason_code": "edge_below_cost"},
    }
    inputs = {
        "ES": {"source": "SCHWAB", "from_bars": ["2026-03-02", "2026-03-03"], "left_out": []},
        "CL": {"source": "REPLAY", "left_out": ["2026-03-04"]},
    }
    symbols = ["ES", "CL", "NQ", "GC"]
    at_work(
        stores,
        "predictions",
        {"*": done_job(stores, "prediction", symbols, results=results, inputs=inputs)},
        reasons=["6E is left out: there is no tick of it", "ES lacks 2026-03-05 of 63 sessions"],
        left_out={"6E": "there is no tick of it"},
    )

    policy = replace(POLICY, preferred=("SCHWAB",))
    assert finish_stage(stores, policy, key("predictions"), alert=alerts) == "done"

    assert stage_row(stores, "predictions").reasons == [
        "6E is left out: there is no tick of it",
        "CL, NQ: held: the prediction model is switched off (model_disabled)",
        "ES lacks 2026-03-05 of 63 sessions",
        "ES: data quality degraded: 2 of 23 sessions have no file: 2025-02-03, 2025-02-04",
        "ES: 2 days from bars alone: 2026-03-02, 2026-03-03",
        "CL: 1 day left out, damaged or lost: 2026-03-04",
        "CL: most of its ticks are of REPLAY, not of SCHWAB",
    ]
    summary = stage_row(stores, "predictions").detail["symbols"]["CL"]
    assert (summary["action"], summary["reason_code"], summary["verdict"]) == ("HOLD", "model_disabled", "ok")


def test_a_full_analysis_that_failed_is_followed_by_the_backup_without_predictions(
    stores: Runtime, alerts: Alerts, dispatch: RecordingDispatch
) -> None:
    bad = failed_job(stores)
    at_work(stores, "composite", {"*": bad})

    assert finish(stores, alerts, "composite") is None

    backup = job_row(stores, stage_row(stores, "composite").jobs["*"])
    asked = job_row(stores, bad)
    assert (backup.kind, backup.symbols, backup.asof) == ("multi", ["ES", "CL"], asked.asof)
    assert (backup.start_date, backup.end_date) == (asked.start_date, asked.end_date)
    assert dispatch.sent == [("run_job", backup.id, "urgent")]
    finish_job(stores, backup.id)
    assert finish(stores, alerts, "composite") == "done"
    assert stage_row(stores, "composite").reasons == [BACKUP_SAID]


def test_after_a_lost_worker_the_same_is_tried_first_and_then_the_backup(stores: Runtime, alerts: Alerts) -> None:
    kinds = ["full"]
    at_work(stores, "composite", {"*": failed_job(stores, LOST_TWICE)})
    for _ in range(2):
        assert finish(stores, alerts, "composite") is None
        number = stage_row(stores, "composite").jobs["*"]
        kinds.append(job_row(stores, number).kind)
        fail(stores, number, LOST_TWICE)
    finish(stores, alerts, "composite")

    assert kinds == ["full", "full", "multi"]
    assert stage_row(stores, "composite").status == "failed"
    assert stage_row(stores, "composite").reasons == [f"its analysis failed 3 times: {LOST_TWICE}"]


def test_predictions_have_no_backup(stores: Runtime, alerts: Alerts) -> None:
    at_work(stores, "predictions", {"*": failed_job(stores, kind="prediction")})

    assert finish(stores, alerts, "predictions") is None
    number = stage_row(stores, "predictions").jobs["*"]
    assert job_row(stores, number).kind == "prediction"
    fail(stores, number, "no")
    assert finish(stores, alerts, "predictions") == "failed"


@pytest.mark.usefixtures("late_morning")
def test_a_report_is_made_of_its_own_analysis_kept_cached_and_ready(stores: Runtime, alerts: Alerts) -> None:
    number = report_at_work(stores, done_job(stores))

    assert finish(stores, alerts, "report") == "done"

    row = report_row(stores)
    assert (row.made_at, row.job_id, row.verdict, row.reasons) == (stores.clock.now(), number, "READY", [])
    assert row.document is not None and row.document["rests_on"] == "report"
    cached = keys.premarket_report(MARKET, DAY)
    assert stores.redis.get(cached) == report_text(row.document)
    assert stores.redis.ttl(cached) == (CLOSES_AT + timedelta(hours=1) - stores.clock.now()).total_seconds()


@pytest.mark.usefixtures("late_morning")
def test_a_report_whose_analysis_takes_too_long_rests_on_the_composite(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    number = done_job(stores)
    done(stores, jobs={"composite": number})
    own = job(stores)
    at_work(stores, "report", {"*": own})
    clock.advance(3 * MINUTE)

    assert finish(stores, alerts, "report", gave_up=True) == "done"

    row = report_row(stores)
    assert (row.job_id, row.verdict, job_row(stores, own).status) == (number, "DEGRADED", "cancelled")
    assert row.reasons == [
        "its analysis failed: it was not finished in time",
        "the report rests on the analysis of composite as of 13:01 UTC, since its own was not to be had",
    ]


@pytest.mark.usefixtures("late_morning")
def test_a_report_that_nobody_began_rests_on_the_composite(stores: Runtime, alerts: Alerts, clock: FixedClock) -> None:
    done(stores, jobs={"composite": done_job(stores)})
    clock.advance(3 * MINUTE)

    assert finish(stores, alerts, "report", gave_up=True) == "done"
    assert report_row(stores).verdict == "DEGRADED"
    assert "its analyses were not asked for in time" in report_row(stores).reasons


@pytest.mark.usefixtures("late_morning")
def test_an_error_of_the_reports_analysis_is_tried_again_in_full_where_a_full_one_is_at_hand(
    stores: Runtime, alerts: Alerts
) -> None:
    done(stores, jobs={"composite": done_job(stores)})
    at_work(stores, "report", {"*": failed_job(stores)})

    assert finish(stores, alerts, "report") is None
    again = stage_row(stores, "report").jobs["*"]
    assert job_row(stores, again).kind == "full"
    fail(stores, again, "no")
    assert finish(stores, alerts, "report") == "done"
    document = report_row(stores).document
    assert document is not None and document["rests_on"] == "composite"


@pytest.mark.usefixtures("late_morning")
def test_without_a_full_analysis_the_reports_backup_is_asked_for(stores: Runtime, alerts: Alerts) -> None:
    done(stores)
    at_work(stores, "report", {"*": failed_job(stores)})

    assert finish(stores, alerts, "report") is None
    backup = stage_row(stores, "report").jobs["*"]
    assert job_row(stores, backup).kind == "multi"
    finish_job(stores, backup)
    assert finish(stores, alerts, "report") == "done"
    assert (report_row(stores).verdict, report_row(stores).reasons) == ("DEGRADED", [BACKUP_SAID])


@pytest.mark.usefixtures("late_morning")
def test_predictions_alone_are_the_last_resort(stores: Runtime, alerts: Alerts, clock: FixedClock) -> None:
    done(stores, jobs={"predictions": done_job(stores, "prediction")})
    at_work(stores, "report", {"*": job(stores)})
    clock.advance(3 * MINUTE)

    assert finish(stores, alerts, "report", gave_up=True) == "done"
    assert "the report has predictions alone: no trend, regime, risk or portfolio" in report_row(stores).reasons


@pytest.mark.usefixtures("late_morning")
def test_a_report_of_which_nothing_else_can_be_made_goes_on_until_the_open(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    done(stores)
    own = job(stores)
    at_work(stores, "report", {"*": own})
    clock.advance(10 * MINUTE)

    assert finish(stores, alerts, "report", gave_up=True) is None
    assert job_row(stores, own).status == "pending"
    finish_job(stores, own)
    assert finish(stores, alerts, "report", gave_up=True) == "late"
    assert report_row(stores).verdict == "LATE"


@pytest.mark.usefixtures("late_morning")
def test_a_report_that_could_not_be_made_has_failed_at_the_open_and_not_before(
    stores: Runtime, alerts: Alerts, clock: FixedClock
) -> None:
    done(stores)
    at_work(stores, "report", {"*": failed_job(stores, kind="multi")})
    finish(stores, alerts, "report")
    fail(stores, stage_row(stores, "report").jobs["*"], "no")

    assert finish(stores, alerts, "report") is None
    clock.advance(29 * MINUTE)
    assert finish(stores, alerts, "report", gave_up=True) == "failed"

    assert (report_row(stores).verdict, report_row(stores).made_at) == ("MISSING", None)
    assert report_row(stores).reasons[:2] == [
        "there is no report, and the market has opened",
        "report failed: its analysis failed twice: no",
    ]
    # The verdict has an alert of its own.
    assert alerts.rules == []


@pytest.mark.usefixtures("late_morning")
def test_a_figure_that_cannot_be_right_is_told_and_stays_as_it_is(stores: Runtime, alerts: Alerts) -> None:
    tree = symbol_tree()
    tree["recommendation"]["confidence"]["value"] = 1.5
    report_at_work(stores, done_job(stores, tree=tree))

    assert finish(stores, alerts, "report") == "done"

    row = report_row(stores)
    assert (row.verdict, row.reasons) == (
        "DEGRADED",
        [
            "the report has figures that cannot be right: ES: the confidence is not within 0 and 1: 1.5",
            "the report has figures that cannot be right: CL: the confidence is not within 0 and 1: 1.5",
        ],
    )
    assert "1.5" in report_text(row.document or {})


@pytest.mark.usefixtures("late_morning")
def test_a_symbol_that_an_earlier_stage_had_is_in_the_report_or_left_out_with_a_reason(
    stores: Runtime, alerts: Alerts
) -> None:
    done(stores, jobs={"composite": done_job(stores, symbols=["ES", "CL", "NQ", "GC"])})
    at_work(stores, "report", {"*": done_job(stores)}, left_out={"NQ": "its data were rejected"})

    finish(stores, alerts, "report")

    assert report_row(stores).reasons == [
        "the report has figures that cannot be right: GC is not in it, and nobody said why"
    ]
    document = report_row(stores).document
    assert document is not None and document["left_out"] == {"NQ": "its data were rejected"}


@pytest.mark.usefixtures("late_morning")
def test_a_symbol_that_is_not_watched_any_more_is_left_out_and_makes_nothing_doubtful(
    stores: Runtime, alerts: Alerts
) -> None:
    done(stores, jobs={"composite": done_job(stores, symbols=["ES", "CL", "GC"])})
    at_work(stores, "report", {"*": done_job(stores)}, data={"ES": {}, "CL": {}})

    finish(stores, alerts, "report")

    assert report_row(stores).reasons == []
    document = report_row(stores).document
    assert document is not None
    assert document["left_out"] == {"GC": "it was not on the watchlist when report was prepared"}


@pytest.mark.usefixtures("late_morning")
def test_an_analysis_that_no_report_can_be_made_of_gives_way_to_another(
    stores: Runtime, alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = done_job(stores)
    done(stores, jobs={"composite": other})
    at_work(stores, "report", {"*": done_job(stores)})
    make = report_making.premarket_document

    def refuse(**told: Any) -> dict[str, Any]:
        if told["rests_on"] == "report":
            raise ValueError("it is not finite")
        return make(**told)

    monkeypatch.setattr(report_making, "premarket_document", refuse)

    assert finish(stores, alerts, "report") == "done"
    assert report_row(stores).job_id == other
    assert "no report can be made of the analysis of report: ValueError, see the log" in report_row(stores).reasons


@pytest.mark.usefixtures("late_morning")
def test_a_cache_that_is_away_does_not_keep_the_report(
    stores: Runtime, alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_at_work(stores, done_job(stores))
    monkeypatch.setattr(stores.redis, "set", away)

    assert finish(stores, alerts, "report") == "done"
    assert report_row(stores).verdict == "READY"


@pytest.mark.usefixtures("late_morning")
def test_a_kill_before_the_commit_leaves_nothing_and_the_next_one_does_it_all(
    stores: Runtime, alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_at_work(stores, done_job(stores))
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "settle_verdict", killed)
        with pytest.raises(KeyboardInterrupt):
            finish(stores, alerts, "report")

    assert (stage_row(stores, "report").status, report_row(stores).made_at) == ("started", None)
    assert finish(stores, alerts, "report") == "done"


def test_a_kill_before_a_second_try_is_recorded_leaves_no_job(
    stores: Runtime, alerts: Alerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = failed_job(stores)
    at_work(stores, "composite", {"*": bad})
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "note_stage", killed)
        with pytest.raises(KeyboardInterrupt):
            finish(stores, alerts, "composite")

    assert finish(stores, alerts, "composite") is None
    assert finish(stores, alerts, "composite") is None
    assert stage_row(stores, "composite").jobs["*"] == last_job(stores)
    assert [one["job"] for one in stage_row(stores, "composite").detail["failures"]] == [bad]


def test_workers_that_cannot_be_reached_leave_the_second_try_to_the_sweep(
    stores: Runtime, alerts: Alerts, dispatch: RecordingDispatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work(stores, "composite", {"*": failed_job(stores)})

    def refuse(_number: int, *, urgent: bool = False) -> None:
        raise Unavailable("the queue is away")

    monkeypatch.setattr(dispatch, "run_job", refuse)

    assert finish(stores, alerts, "composite") is None
    assert job_row(stores, stage_row(stores, "composite").jobs["*"]).status == "pending"


def finish(stores: Runtime, alerts: Alerts, stage: Stage, *, gave_up: bool = False) -> str | None:
    return finish_stage(stores, POLICY, key(stage), gave_up=gave_up, alert=alerts)


def report_at_work(stores: Runtime, number: int) -> int:
    """The report at work on a job, after all stages before it were done in time."""
    done(stores, STAGES[:4])
    at_work(stores, "report", {"*": number})
    return number


def fail(stores: Runtime, number: int, error: str) -> None:
    with stores.sessions.begin() as session:
        row = find_job(session, number)
        row.status, row.error, row.finished_at = "failed", error, stores.clock.now()


def unprepare(stores: Runtime, stage: Stage) -> None:
    with stores.sessions.begin() as session:
        finishing.note_stage(session, key(stage), detail={})


def last_job(stores: Runtime) -> int:
    with stores.sessions() as session:
        return list_jobs(session, limit=1)[0].id


def killed(*_asked: object, **_options: object) -> None:
    raise KeyboardInterrupt


def away(*_asked: object, **_options: object) -> None:
    raise RedisAway("connection refused")
