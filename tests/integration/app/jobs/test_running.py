from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from structlog.contextvars import get_contextvars

from app.errors import Conflict
from app.jobs import running
from app.jobs.claims import Claim, claim_job, end_job
from app.jobs.models import AnalysisResult, Prediction, PredictionModel, Signal
from app.jobs.running import run_job
from app.jobs.service import cancel, document_of, find_job
from app.jobs.watching import RunLimits
from tests.analyses import NOW, EndlessAnalysis, SteppedAnalysis, ask
from tests.counting import counting_afresh, scraped
from tests.waiting import until

LIMITS = RunLimits(beat_s=0.02, grace_s=30)


def test_a_job_is_done_with_all_its_rows(stores):
    number = ask(stores, "ES", "NQ")

    outcome = run(stores, number)

    job, rows = job_of(stores, number), counted(stores, number)
    assert (outcome, job.status, job.attempt, job.progress, job.worker) == ("done", "done", 1, 1.0, "here")
    assert rows == {"results": 3, "signals": 2, "predictions": 2}
    assert job.resources["ticks"] == 1_000
    assert {"wall_s", "cpu_s", "peak_mb", "cache_hits"} <= job.resources.keys()


def test_rows_repeat_what_lists_need_of_the_document(stores):
    number = ask(stores, "ES", "NQ")

    run(stores, number)

    with stores.sessions() as session:
        row = session.scalars(select(AnalysisResult).where(AnalysisResult.scope == "NQ")).one()
        found = document_of(session, number)
    assert (row.action, row.confidence, row.trend_score, row.volatility) == ("BUY", 0.6, 1.25, 0.16)
    assert (row.pattern_strength, row.verdict, row.data_hash) == (0.9, "ok", "d" * 64)
    assert list(found["symbols"]) == ["ES", "NQ"]
    assert found["symbols"]["ES"]["trend"]["combined"]["value"] == 1.25
    assert found["work"]["stages"] == {"bars": 0.1}
    assert found["asof"] == "2025-10-09T15:30:00.000000Z"


def test_of_many_workers_one_gets_the_job(stores):
    number = ask(stores)
    stand_in = SteppedAnalysis()

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: run_job(stores, number, LIMITS, worker="w", analyse=stand_in), range(8)))

    assert sorted(outcomes) == ["done", *["not taken"] * 7]
    assert len(stand_in.asked) == 1


def test_the_knowledge_of_the_instant_that_was_named_is_used(stores):
    then = NOW - timedelta(days=2)
    stand_in = SteppedAnalysis()

    run(stores, ask(stores, asof=then), stand_in)

    (asked,) = stand_in.asked
    assert asked["asof"] == then
    assert max(hours.open for hours in asked["inputs"][0].hours) < then


def test_a_model_that_is_switched_off_predicts_nothing(stores):
    stand_in = SteppedAnalysis()
    run(stores, ask(stores), stand_in)
    with stores.sessions.begin() as session:
        session.execute(update(PredictionModel).values(enabled=False))

    run(stores, ask(stores, kind="prediction"), stand_in)

    assert [asked["model_enabled"] for asked in stand_in.asked] == [True, False]


def test_the_same_prediction_is_kept_once(stores):
    run(stores, ask(stores))

    run(stores, ask(stores))

    with stores.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Prediction)) == 1
        assert session.scalar(select(func.count()).select_from(Signal)) == 2


def test_a_file_that_cannot_be_read_fails_the_job_by_its_name(stores):
    def refuse(_step):
        raise Conflict("ticks/date=2025-10-09/symbol=ES/ticks.parquet is damaged")

    number = ask(stores)

    assert run(stores, number, SteppedAnalysis(refuse)) == "failed"
    assert job_of(stores, number).error == "ticks/date=2025-10-09/symbol=ES/ticks.parquet is damaged"
    assert counted(stores, number) == {"results": 0, "signals": 0, "predictions": 0}


def test_an_unexpected_error_is_told_by_its_kind_and_logged_with_its_trace(stores, caplog):
    def fail(_step):
        raise ZeroDivisionError("secret figures")

    number = ask(stores)

    assert run(stores, number, SteppedAnalysis(fail)) == "failed"
    assert job_of(stores, number).error == f"an error of Thor's own (ZeroDivisionError): see the log, job {number}"
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_a_job_that_is_cancelled_at_work_ends_at_its_next_step(stores):
    number = ask(stores)

    def cancel_it():
        with stores.sessions.begin() as session:
            cancel(session, number, NOW)

    outcome = run(stores, number, EndlessAnalysis(cancel_it))

    assert (outcome, job_of(stores, number).status) == ("cancelled", "cancelled")


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (RunLimits(time_s=0.05, beat_s=0.02), "it took longer than 0.05 s"),
        (RunLimits(memory_mb=1, beat_s=0.02), "it needed more than 1 MB of memory"),
    ],
)
def test_a_job_that_takes_too_much_ends_with_the_reason(stores, limits, words):
    number = ask(stores)

    outcome = run(stores, number, EndlessAnalysis(), limits)

    assert (outcome, job_of(stores, number).error) == ("failed", words)


def test_the_process_of_a_job_that_does_not_stop_is_ended_after_its_end_is_written(stores):
    number, ended = ask(stores), []

    def end_process():
        ended.append(job_of(stores, number).status)

    def hang(_step):
        with stores.sessions.begin() as session:
            cancel(session, number, NOW)
        until(lambda: ended)

    limits = RunLimits(beat_s=0.02, grace_s=0.05)
    outcome = run_job(stores, number, limits, worker="here", analyse=SteppedAnalysis(hang), end_process=end_process)

    assert ended == ["cancelled"]
    assert outcome == "lost"
    assert counted(stores, number) == {"results": 0, "signals": 0, "predictions": 0}


def test_progress_is_shown_while_the_work_goes_on(stores):
    number, seen = ask(stores), []

    def look(step):
        until(lambda: job_of(stores, number).stage == step)
        seen.append(job_of(stores, number).progress)

    run(stores, number, SteppedAnalysis(look))

    assert seen == [0.0, 0.25, 0.5, 0.75]


def test_who_lost_the_job_writes_nothing(stores, clock):
    number = ask(stores)

    def lose(step):
        if step == "portfolio":
            take_over(stores, clock, number)

    outcome = run(stores, number, SteppedAnalysis(lose), RunLimits(beat_s=30))

    assert outcome == "lost"
    assert (job_of(stores, number).status, job_of(stores, number).worker) == ("running", "another")
    assert counted(stores, number) == {"results": 0, "signals": 0, "predictions": 0}


def test_a_lost_job_is_taken_up_once_more_and_not_a_third_time(stores, clock):
    number = ask(stores)
    with stores.sessions.begin() as session:
        assert claim_job(session, number, "first", NOW)

    still_alive = run(stores, number)
    take_over(stores, clock, number)
    clock.advance(timedelta(hours=1))

    assert still_alive == "not taken"
    assert run(stores, number) == "not taken"
    assert job_of(stores, number).attempt == 2


def test_a_cancelled_job_is_not_taken(stores):
    number = ask(stores)
    with stores.sessions.begin() as session:
        cancel(session, number, NOW)

    assert run(stores, number) == "not taken"


def test_an_end_that_was_written_stays(stores):
    number = ask(stores)
    run(stores, number)

    with stores.sessions.begin() as session:
        assert not end_job(session, Claim(number, 1), "failed", NOW, error="later")

    assert job_of(stores, number).status == "done"


def test_a_job_outlives_a_short_outage_at_its_end(stores):
    number = ask(stores)

    outcome = run_job(
        stores, number, LIMITS, worker="here", analyse=SteppedAnalysis(cut_at(stores, "portfolio")), pauses_s=(0.05,)
    )

    assert outcome == "done"
    assert counted(stores, number) == {"results": 2, "signals": 1, "predictions": 1}


def test_a_job_outlives_a_short_outage_before_its_work(stores, monkeypatch):
    number, failing = ask(stores), [refuse_to_answer, refuse_to_answer]
    read = running.find_inputs
    monkeypatch.setattr(running, "find_inputs", lambda *asked: (failing.pop() if failing else read)(*asked))

    outcome = run_job(stores, number, LIMITS, worker="here", analyse=SteppedAnalysis(), pauses_s=(0, 0))

    assert (outcome, job_of(stores, number).attempt, failing) == ("done", 1, [])


def test_a_job_that_cannot_even_be_taken_is_left(stores, monkeypatch):
    number = ask(stores)
    monkeypatch.setattr(running, "claim_job", refuse_to_answer)

    assert run(stores, number) == "left"
    assert job_of(stores, number).status == "pending"


def test_a_job_is_left_for_later_in_an_outage(stores, clock):
    number = ask(stores)

    assert run(stores, number, SteppedAnalysis(refuse_to_answer)) == "left"
    assert job_of(stores, number).status == "running"
    clock.advance(timedelta(minutes=1))
    assert run(stores, number) == "done"


def run(stores, number, analyse=None, limits=LIMITS):
    return run_job(stores, number, limits, worker="here", analyse=analyse or SteppedAnalysis(), pauses_s=())


def refuse_to_answer(*_asked):
    raise OperationalError("SELECT", {}, Exception("the server closed the connection"))


def take_over(stores, clock, number):
    clock.advance(timedelta(minutes=1))
    with stores.sessions.begin() as session:
        assert claim_job(session, number, "another", clock.now())


def cut_at(stores, wanted):
    def cut(step):
        if step == wanted:
            with stores.sessions.begin() as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'thor'"
                    )
                )

    return cut


def job_of(stores, number):
    with stores.sessions() as session:
        return find_job(session, number)


def counted(stores, number):
    tables = {"results": AnalysisResult, "signals": Signal, "predictions": Prediction}
    with stores.sessions() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table).where(table.job_id == number))
            for name, table in tables.items()
        }


def test_work_on_a_job_is_counted_and_named_in_what_it_logs(stores, caplog):
    number, named = ask(stores), []

    class Naming(SteppedAnalysis):
        def __call__(self, *asked, **how):
            named.append(get_contextvars())
            return super().__call__(*asked, **how)

    with counting_afresh(), caplog.at_level("INFO"):
        run_job(stores, number, LIMITS, worker="here", analyse=Naming())
        run_job(stores, number, LIMITS, worker="here", analyse=Naming())
        told = scraped()

    assert named == [{"job_id": number}]
    assert get_contextvars() == {}
    assert told["thor_job_duration_seconds_count", ("full", "done")] == 1
    assert next(line for line in caplog.messages if line.startswith("job ")) == f"job {number} begins: full of ES"
