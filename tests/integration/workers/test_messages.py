"""Messages that no part of Thor sends, or not so, in the queue of a worker: refused, counted, and never carried out."""

import pickle
import uuid
from pathlib import Path

import pytest
from kombu import Producer
from redis import Redis
from sqlalchemy import select

from app.bus import keys
from app.jobs.models import AnalysisJob, AnalysisResult
from app.metrics.recording import share_counts
from tests.admin_rows import job_row
from tests.counting import counting_afresh, scraped
from tests.waiting import until
from workers.dispatch import CeleryDispatch

JSON = ("application/json", "utf-8")
EMPTY = b'[[], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]'
LARGE = b'[["' + b"x" * 1_000_000 + b'"], {}, {}]'


class Touching:
    """What makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self):
        return Path.touch, (self._path,)


@pytest.mark.timeout(120)
def test_a_worker_carries_out_no_message_but_json_of_its_own_tasks(celery, start_worker, server_url, tmp_path):
    touched = tmp_path / "touched"
    as_yaml = f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{touched}]]".encode()
    process, log = start_worker("control")
    hostile = [
        (pickle.dumps(((Touching(touched),), {}, {})), "application/x-python-serialize", "binary", "control.probe"),
        (pickle.dumps(Touching(touched)), "application/x-python-serialize", "binary", "control.market_tick"),
        (pickle.dumps(Touching(touched)), *JSON, "control.probe"),
        (as_yaml, "application/x-yaml", "utf-8", "control.probe"),
        (b"\x81\xa1a\x01", "application/x-msgpack", "binary", "control.probe"),
        (EMPTY, *JSON, "os.system"),
        (EMPTY, *JSON, "analysis.run_job"),
        (EMPTY, *JSON, ""),
        (b'[["a", "b", "c"], {"d": 1}, {}]', *JSON, "control.probe"),
        (LARGE, *JSON, "control.probe"),
        (b"{", *JSON, "control.probe"),
        (b"[]", *JSON, "control.probe"),
        (b"", *JSON, "control.probe"),
    ]

    for body, kind, encoding, task in hostile:
        send(celery, body, kind, encoding, task)

    with Redis.from_url(server_url, decode_responses=True) as bus:
        bus.delete(keys.pulse("control"))
        CeleryDispatch(lambda: celery).probe("control")
        until(lambda: bus.exists(keys.pulse("control")))
    assert process.poll() is None
    assert not touched.exists()
    until(lambda: log.read_text().count("Refusing to deserialize") >= 4)
    assert "Received unregistered task" in log.read_text()


@pytest.mark.timeout(120)
def test_what_a_worker_throws_away_is_counted_and_the_rest_is_done(celery, start_worker, tmp_path):
    with counting_afresh():
        share_counts(tmp_path / "var" / "metrics", "web")
        _process, log = start_worker("control")
        thrown_away = [
            ("control.probe", EMPTY, {"expires": "2025-10-09T13:30:00+00:00"}),
            ("control.probe", EMPTY, {"expires": "soon"}),
            ("control.probe", EMPTY, {"expires": "99999-01-01T00:00:00Z"}),
            ("control.probe", EMPTY, {"eta": "99999-01-01T00:00:00Z"}),
            ("control.probe", EMPTY, {"eta": "never"}),
            ("control.nothing", EMPTY, {}),
            ("control.probe", b'[["a", "b"], {}, {}]', {}),
        ]

        for task, body, told in thrown_away:
            send(celery, body, *JSON, task, **told)
        CeleryDispatch(lambda: celery).probe("control")

        until(lambda: finished("succeeded", "control", "control.probe") == 1)
        until(lambda: finished("refused", "unknown", "unknown") == 5)
        until(lambda: finished("expired", "control", "control.probe") == 1)
        until(lambda: finished("failed", "control", "control.probe") == 1)
        assert log.read_text().count("Received invalid task message") == 4


@pytest.mark.timeout(120)
def test_what_is_to_be_done_in_the_last_year_there_is_keeps_nothing_waiting(celery, start_worker, tmp_path):
    with counting_afresh():
        share_counts(tmp_path / "var" / "metrics", "web")
        process, _log = start_worker("control")

        for _ in range(20):
            send(celery, EMPTY, *JSON, "control.probe", eta="9999-12-31T23:59:59+00:00")
        CeleryDispatch(lambda: celery).probe("control")

        until(lambda: finished("succeeded", "control", "control.probe") == 1)
        assert process.poll() is None


@pytest.mark.timeout(120)
def test_a_message_that_comes_twice_has_its_work_done_once(settings, celery, start_worker, sessions, tmp_path):
    with sessions.begin() as session:
        session.add(job := job_row(kind="single", symbols=["ES"]))
        session.flush()
        number = job.id
    body, name = f"[[{number}], {{}}, {{}}]".encode(), str(uuid.uuid4())

    with counting_afresh():
        share_counts(tmp_path / "var" / "metrics", "web")
        for _ in range(2):
            send(celery, body, *JSON, "analysis.run_job", "analysis", id=name)
        _process, log = start_worker("analysis")

        until(lambda: finished("succeeded", "analysis", "analysis.run_job") == 2)
    assert log.read_text().count(f"job {number} begins") == 1
    with sessions() as session:
        assert session.get(AnalysisJob, number).status in ("done", "failed")
        scopes = list(session.scalars(select(AnalysisResult.scope).where(AnalysisResult.job_id == number)))
    assert len(scopes) == len(set(scopes))


def finished(outcome, queue, task):
    return scraped().get(("thor_tasks_finished_total", (outcome, queue, task)), 0)


def send(celery, body, kind, encoding, task, queue="control", **told):
    with celery.connection() as connection:
        Producer(connection.default_channel).publish(
            body,
            routing_key=queue,
            content_type=kind,
            content_encoding=encoding,
            headers={"task": task, "id": str(uuid.uuid4()), "lang": "py", "root_id": None, "parent_id": None, **told},
        )
