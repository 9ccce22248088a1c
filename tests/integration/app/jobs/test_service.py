from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from app.errors import Conflict, NotFound, Rejected
from app.jobs.models import AnalysisJob, AnalysisResult
from app.jobs.preferences import set_preference
from app.jobs.requests import JobRequest
from app.jobs.service import cancel, document_of, find_job, list_jobs, results_of, retry, submit
from tests.hours import MARKETS
from tests.waiting import until

NOW = datetime(2025, 10, 9, 15, 30, tzinfo=UTC)


def test_the_last_thirty_days_are_analysed_unless_told_otherwise(db_session, market):
    made = submit(db_session, market, request("es", "NQ", "ES"), NOW, requested_by="api")

    job = made.job
    assert made.created
    assert (job.symbols, job.kind, job.timeframe, job.status) == (["ES", "NQ"], "full", "", "pending")
    assert (job.start_date, job.end_date) == (date(2025, 9, 9), date(2025, 10, 9))


def test_an_evening_belongs_to_the_next_trading_day(db_session, market):
    evening = datetime(2025, 10, 9, 23, 0, tzinfo=UTC)

    job = submit(db_session, market, request("ES", timeframe="1week"), evening, requested_by="api").job

    assert (job.start_date, job.end_date, job.timeframe) == (date(2025, 10, 3), date(2025, 10, 10), "1week")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"symbols": ["ES", "AAPL", "ZC"]}, "there is no instrument AAPL, ZC: known are .*ES, "),
        ({"timeframe": "1week", "start_date": "2025-10-01"}, "not both"),
        ({"start_date": "2025-10-12"}, "in the future"),
        ({"start_date": "2025-10-02", "end_date": "2025-10-01"}, "the range is empty"),
        ({"timeframe": "soon"}, "no length of time"),
        ({"asof": "2025-10-09T15:30:01Z"}, "the as-of 2025-10-09T15:30:01.* is in the future"),
        ({"asof": "9999-12-31T23:59:59-23:00"}, "the as-of 9999-12-31T23:59:59-23:00 is in the future"),
        ({"asof": "0001-01-01T00:00:00+23:00"}, "or before 2000"),
        ({"end_date": "0001-01-05"}, "reaches back before 2000"),
        ({"start_date": "1999-12-31"}, "reaches back before 2000"),
    ],
)
def test_what_cannot_be_asked_is_rejected(db_session, market, parts, words):
    asked = JobRequest.model_validate({"symbols": ["ES"], **parts})

    with pytest.raises(Rejected, match=words):
        submit(db_session, market, asked, NOW, requested_by="api")


def test_the_same_unfinished_question_is_one_job(db_session, market):
    first = submit(db_session, market, request("ES"), NOW, requested_by="api")

    other = submit(db_session, market, request("ES", timeframe="30days"), NOW, requested_by="cli")
    older = submit(db_session, market, request("ES", asof=NOW - timedelta(hours=1)), NOW, requested_by="cli")

    assert (other.job.id, other.created) == (first.job.id, False)
    assert older.created


def test_a_question_is_asked_anew_once_it_is_finished(db_session, market):
    first = submit(db_session, market, request("ES"), NOW, requested_by="api").job
    cancel(db_session, first.id, NOW)

    second = submit(db_session, market, request("ES"), NOW, requested_by="api")

    assert second.created
    assert second.job.id != first.id


def test_many_who_ask_at_once_get_one_job(sessions, market):
    def ask(place):
        with sessions.begin() as session:
            made = submit(session, market, request("ES", "NQ"), NOW, requested_by=f"client {place}")
            return made.job.id, made.created

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(ask, range(16)))

    assert len({number for number, _ in found}) == 1
    assert sum(created for _, created in found) == 1


def test_many_who_ask_at_once_under_one_key_get_one_job(sessions, market):
    def ask(place):
        with sessions.begin() as session:
            return submit(session, market, request("ES"), NOW, requested_by="api", idempotency_key="k").job.id

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(16)))) == 1


def test_a_key_finds_its_job_also_when_that_is_finished_and_the_day_is_another(db_session, market):
    first = submit(db_session, market, request("ES"), NOW, requested_by="api", idempotency_key="k").job
    cancel(db_session, first.id, NOW)
    set_preference(db_session, "analysis.equity", 7, NOW)

    again = submit(db_session, market, request("ES"), NOW + timedelta(days=3), requested_by="api", idempotency_key="k")

    assert (again.job.id, again.created) == (first.id, False)


def test_the_key_of_who_joins_a_job_without_one_finds_it_when_it_is_finished(db_session, market):
    first = submit(db_session, market, request("ES"), NOW, requested_by="cli").job
    submit(db_session, market, request("ES"), NOW, requested_by="api", idempotency_key="k")
    cancel(db_session, first.id, NOW)

    again = submit(db_session, market, request("ES"), NOW + timedelta(days=3), requested_by="api", idempotency_key="k")

    assert (again.job.id, again.created) == (first.id, False)


def test_a_key_that_is_just_making_another_job_joins_none(sessions, market):
    def ask(session, symbol, key):
        return submit(session, market, request(symbol), NOW, requested_by="api", idempotency_key=key).job.id

    def ask_late():
        with sessions.begin() as session:
            return ask(session, "ES", "k")

    with sessions.begin() as session:
        joined = ask(session, "ES", None)
    with ThreadPoolExecutor(1) as threads, sessions() as session:
        ask(session, "NQ", "k")
        late = threads.submit(ask_late)
        until(lambda: somebody_waits(sessions))
        session.commit()
        with pytest.raises(Conflict, match="used for another request"):
            late.result()

    with sessions() as session:
        assert find_job(session, joined).idempotency_key is None


def test_a_key_is_good_for_one_request(db_session, market):
    submit(db_session, market, request("ES"), NOW, requested_by="api", idempotency_key="k")

    with pytest.raises(Conflict, match="used for another request"):
        submit(db_session, market, request("ES", kind="single"), NOW, requested_by="api", idempotency_key="k")


def test_settings_of_the_desk_stand_in_for_what_is_left_out(db_session, market):
    set_preference(db_session, "analysis.equity", 250_000, NOW)
    set_preference(db_session, "analysis.fee", 3, NOW)

    job = submit(db_session, market, request("ES", parameters={"fee": 4.5}), NOW, requested_by="api").job

    assert (job.parameters["equity"], job.parameters["fee"], job.parameters["cost_ticks"]) == (250_000, 4.5, 1.5)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_is_asked_to_end(db_session, market):
    waiting = submit(db_session, market, request("ES"), NOW, requested_by="api").job
    running = submit(db_session, market, request("NQ"), NOW, requested_by="api").job
    set_running(db_session, running)

    cancel(db_session, waiting.id, NOW)
    cancel(db_session, running.id, NOW)
    cancel(db_session, running.id, NOW + timedelta(seconds=9))

    assert (waiting.status, waiting.finished_at) == ("cancelled", NOW)
    assert (find_job(db_session, running.id).status, running.cancel_asked_at) == ("running", NOW)


def test_what_is_finished_is_not_cancelled_and_what_is_not_is_not_tried_again(db_session, market):
    job = submit(db_session, market, request("ES"), NOW, requested_by="api").job

    with pytest.raises(Conflict, match="is pending: only one that failed or was cancelled"):
        retry(db_session, job.id, NOW, requested_by="api")
    cancel(db_session, job.id, NOW)
    with pytest.raises(Conflict, match="is cancelled and cannot be cancelled any more"):
        cancel(db_session, job.id, NOW)
    with pytest.raises(NotFound, match="there is no job 999999999"):
        cancel(db_session, 999_999_999, NOW)


def test_a_job_is_tried_again_once(db_session, market):
    asked = request("ES", timeframe="1week", asof=NOW - timedelta(days=1))
    job = submit(db_session, market, asked, NOW, requested_by="api", idempotency_key="k").job
    cancel(db_session, job.id, NOW)

    first = retry(db_session, job.id, NOW + timedelta(days=2), requested_by="cli")
    second = retry(db_session, job.id, NOW + timedelta(days=2), requested_by="cli")

    assert (first.created, second.created, second.job.id) == (True, False, first.job.id)
    assert (first.job.retry_of, first.job.status, first.job.requested_by) == (job.id, "pending", "cli")
    same = ("symbols", "timeframe", "start_date", "end_date", "asof", "parameters", "request_hash")
    assert all(getattr(first.job, name) == getattr(job, name) for name in same)


def test_jobs_are_listed_newest_first_and_page_by_page(db_session, market):
    made = [
        submit(db_session, market, request(symbol, kind=kind), NOW, requested_by="api").job.id
        for symbol, kind in [("ES", "full"), ("NQ", "full"), ("ES", "single"), ("CL", "full")]
    ]
    cancel(db_session, made[3], NOW)

    assert [job.id for job in list_jobs(db_session)] == made[::-1]
    assert [job.id for job in list_jobs(db_session, limit=2, before=made[2])] == [made[1], made[0]]
    assert [job.id for job in list_jobs(db_session, symbol="ES", kind="full")] == [made[0]]
    assert [job.id for job in list_jobs(db_session, status="cancelled")] == [made[3]]


def test_a_document_is_put_together_in_the_order_that_was_asked_for(db_session, market):
    job = submit(db_session, market, request("NQ", "ES"), NOW, requested_by="api").job
    with pytest.raises(Conflict, match="has no results: it is pending"):
        document_of(db_session, job.id)
    finish(db_session, job)

    found = document_of(db_session, job.id)

    assert list(found["symbols"]) == ["NQ", "ES"]
    assert found["symbols"]["ES"] == {"trend": {"score": 1}}
    assert (found["version"], found["portfolio"], found["job"]["id"]) == (1, {"var": 2}, job.id)
    assert [row.scope for row in results_of(db_session, job.id)] == ["*", "ES", "NQ"]


def test_a_question_for_no_job_makes_none(db_session):
    with pytest.raises(NotFound):
        results_of(db_session, 1)

    assert db_session.scalar(select(func.count()).select_from(AnalysisJob)) == 0


def request(*symbols, **parts):
    return JobRequest.model_validate({"symbols": symbols, **parts})


def somebody_waits(sessions):
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with sessions() as session:
        return session.scalar(text(waiting))


def set_running(session, job):
    values = {"status": "running", "started_at": NOW, "heartbeat_at": NOW, "attempt": 1}
    session.execute(update(AnalysisJob).where(AnalysisJob.id == job.id).values(values))


def finish(session, job):
    job.status, job.progress, job.finished_at = "done", 1, NOW
    whole = {"portfolio": {"var": 2}, "inputs": {}}
    session.add(AnalysisResult(job_id=job.id, scope="*", asof=NOW, created_at=NOW, document=whole))
    for symbol in job.symbols:
        row = {"asof": NOW, "created_at": NOW, "action": "HOLD", "reason_code": "no_skill"}
        session.add(AnalysisResult(job_id=job.id, scope=symbol, document={"trend": {"score": 1}}, **row))
    session.flush()


@pytest.fixture
def market():
    return MARKETS.default
