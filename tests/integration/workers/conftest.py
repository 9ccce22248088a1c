"""A broker of the test's own, and workers on it."""

import os
import subprocess

import pytest

from app.local.stack import StackOptions, build_stack
from tests.private_servers import private_valkey
from tests.servers import ROOT
from tests.waiting import until
from workers.dispatch import make_celery


@pytest.fixture
def server_url(tmp_path):
    with private_valkey(tmp_path) as server:
        yield server.url


@pytest.fixture
def celery(server_url):
    made = make_celery(server_url)
    yield made
    made.close()


@pytest.fixture
def start_worker(settings, server_url, tmp_path):
    """Starts a queue's worker as the local stack does, with more in its environment, and waits until it is ready."""
    started = []

    def start(queue, **others):
        environment = {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "REDIS_URL": server_url,
            "STATE_DIR": str(tmp_path / "var"),
            **others,
        }
        options = StackOptions(tmp_path / "stack", ROOT, environment, migrate=lambda: None)
        [spec] = [spec for spec in build_stack(options) if spec.name == queue]
        log = tmp_path / f"{queue}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                list(spec.command), cwd=spec.cwd, env=spec.environment, stdout=output, stderr=output
            )
        started.append(process)
        until(lambda: process.poll() is not None or spec.ready_text in log.read_text())
        assert process.poll() is None, log.read_text()
        return process, log

    yield start
    for process in started:
        process.terminate()
        process.wait(30)
