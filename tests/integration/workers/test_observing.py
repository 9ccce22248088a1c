import json
from datetime import date
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from structlog.contextvars import bound_contextvars, get_contextvars

from app.errors import Unavailable
from app.factory import create_app
from app.jobs.models import AnalysisJob
from app.local.ports import free_port
from app.metrics.recording import share_counts
from app.runtime import EXTENSION
from app.settings import load_settings
from tests.counting import counting_afresh, scraped
from tests.keyed_client import bearing, make_key
from tests.waiting import until
from workers.dispatch import CeleryDispatch, make_celery
from workers.observing import begin_task, carried_by, end_task

DAY_OFF = date(2025, 12, 25)
PROBE = ("export", "export.probe")


@pytest.fixture(autouse=True)
def afresh():
    with counting_afresh():
        yield


def test_a_task_is_named_in_what_it_logs_until_it_ends():
    task = SimpleNamespace(name="export.close_session", request=SimpleNamespace(headers={"request_id": "r1", "x": 1}))

    with bound_contextvars(task="an earlier one", job_id=5):
        begin_task(task_id="t1", task=task)

        assert get_contextvars() == {
            "task_id": "t1", "task": "export.close_session", "queue": "export", "request_id": "r1"
        }  # fmt: skip
        end_task(task=task)

        assert get_contextvars() == {}
    assert scraped()["thor_tasks_started_total", ("export", "export.close_session")] == 1
    assert scraped()["thor_task_duration_seconds_count", ("export", "export.close_session")] == 1


@pytest.mark.parametrize("headers", [None, [], {}, {"request_id_": "r"}])
def test_a_message_that_carries_nothing_tells_nothing(headers):
    assert carried_by(SimpleNamespace(headers=headers)) == {}
    assert carried_by(SimpleNamespace()) == {}


def test_a_long_id_of_a_message_is_cut():
    assert carried_by(SimpleNamespace(headers={"request_id": "x" * 1000})) == {"request_id": "x" * 64}


def test_a_request_can_be_followed_to_what_its_worker_logs(settings, server_url, celery, start_worker, sessions):
    database_url = settings.database_url.get_secret_value()
    there = load_settings(_env_file=None, database_url=database_url, redis_url=server_url, state_dir=settings.state_dir)
    app = create_app(there, CeleryDispatch(lambda: celery))
    headers = {"X-Request-Id": "from-the-desk-1", **bearing(make_key(app.extensions[EXTENSION]))}

    asked = app.test_client().post("/api/jobs", json={"symbols": ["ES"]}, headers=headers)
    number = asked.json["job"]["id"]
    _process, log = start_worker("analysis", LOG_FORMAT="json")
    until(lambda: ended(sessions, number))
    until(lambda: f"job {number} is " in log.read_text())

    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    mine = [line for line in lines if line.get("request_id") == "from-the-desk-1"]
    [begun, done] = [line for line in mine if line["logger"] == "app.jobs.running"]
    assert begun["event"] == f"job {number} begins: full of ES"
    assert done["event"].startswith(f"job {number} is ")
    assert {line["job_id"] for line in (begun, done)} == {number}
    assert {(line["task"], line["queue"]) for line in mine} == {("analysis.run_job", "analysis")}
    [task_id] = {line["task_id"] for line in mine}
    assert any(f"Task analysis.run_job[{task_id}] received" in line["event"] for line in lines)
    # A task of nobody's request has no such name.
    assert "request_id" not in next(line for line in lines if "received" in line["event"])


def test_what_workers_do_is_counted_where_the_web_reads_it(settings, server_url, celery, start_worker, tmp_path):
    dispatch = CeleryDispatch(lambda: celery)
    share_counts(tmp_path / "var" / "metrics", "web")
    for _ in range(3):
        dispatch.probe("export")
    dispatch.export_session("CME_Futures", DAY_OFF)

    process, _log = start_worker("export")
    finished = "thor_tasks_finished_total"
    until(lambda: scraped().get((finished, ("succeeded", *PROBE))) == 3)
    until(lambda: (finished, ("failed", "export", "export.export_session")) in scraped())
    # The parent and its child.
    until(lambda: scraped().get(("thor_processes", ("export",))) == 2)

    told = scraped()
    assert told["thor_tasks_sent_total", PROBE] == 3
    assert told["thor_tasks_started_total", PROBE] == 3
    assert told["thor_task_duration_seconds_count", PROBE] == 3
    assert told["thor_task_last_success_timestamp_seconds", ("export.probe",)] > 1_700_000_000
    assert told["thor_export_duration_seconds_count", ("refused",)] == 1
    assert told["thor_process_resident_memory_bytes", ("export",)] > 10_000_000
    process.terminate()
    process.wait(30)
    until(lambda: ("thor_processes", ("export",)) not in scraped())
    assert scraped()["thor_export_duration_seconds_count", ("refused",)] == 1


def test_beat_tells_when_it_last_sent_a_tick(start_worker, tmp_path):
    share_counts(tmp_path / "var" / "metrics", "web")

    start_worker("beat")
    until(lambda: ("thor_beat_last_tick_timestamp_seconds", ()) in scraped())

    told = scraped()
    assert told["thor_beat_last_tick_timestamp_seconds", ()] > 1_700_000_000
    assert told["thor_tasks_sent_total", ("control", "control.market_tick")] == 1
    until(lambda: scraped().get(("thor_processes", ("beat",))) == 1)


def test_a_task_that_no_queue_takes_is_counted():
    nowhere = make_celery(f"redis://127.0.0.1:{free_port()}/0", reply_within_s=0.2)

    with pytest.raises(Unavailable, match=r"export\.probe was not sent"):
        CeleryDispatch(lambda: nowhere).probe("export")

    assert scraped() == {("thor_tasks_unsent_total", PROBE): 1}


def ended(sessions, number):
    with sessions() as session:
        return session.scalar(select(AnalysisJob.finished_at).where(AnalysisJob.id == number))
