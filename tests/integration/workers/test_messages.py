"""Messages that no part of Thor sends, in the queue of a worker at work: refused, and never carried out."""

import pickle
import uuid
from pathlib import Path

import pytest
from kombu import Producer
from redis import Redis

from app.bus import keys
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


def send(celery, body, kind, encoding, task):
    with celery.connection() as connection:
        Producer(connection.default_channel).publish(
            body,
            routing_key="control",
            content_type=kind,
            content_encoding=encoding,
            headers={"task": task, "id": str(uuid.uuid4()), "lang": "py", "root_id": None, "parent_id": None},
        )
