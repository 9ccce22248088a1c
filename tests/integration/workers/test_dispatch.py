import socket

import pytest

import celeryconfig
from app.errors import Unavailable
from workers.dispatch import CeleryDispatch, make_celery


def test_a_broker_that_stands_still_is_given_up_on(silent_url, monkeypatch):
    # Whoever had the patience of a worker would wait longer than a test may last.
    monkeypatch.setitem(celeryconfig.broker_transport_options, "socket_timeout", 600)
    celery = make_celery(silent_url, reply_within_s=0.05)

    with pytest.raises(Unavailable, match=r"the task queue is away .*analysis.run_job was not sent"):
        CeleryDispatch(lambda: celery).run_job(7)


@pytest.fixture
def silent_url():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
