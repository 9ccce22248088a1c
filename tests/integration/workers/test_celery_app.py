import os
import subprocess
import sys

import pytest

from tests.tree import ROOT

TOLD = """
import gc, threading
import click
from celery import signals
from workers.celery_app import celery
{do}
print(any(thread.name == "garbage" for thread in threading.enumerate()), gc.get_freeze_count() > 10_000)
"""
LOADED = """
with click.Context(click.Command("{command}"), info_name="{command}"):
    celery.loader.import_default_modules()
"""


@pytest.mark.parametrize(
    ("do", "searches"),
    [
        ("", False),
        ("signals.worker_process_init.send(sender=None)", True),
        ("signals.beat_init.send(sender=None)", True),
        (LOADED.format(command="flower"), True),
        (LOADED.format(command="worker"), False),
    ],
    ids=[
        "nothing said",
        "a child of a worker begins",
        "beat begins",
        "Flower begins",
        "a worker begins, which has yet to fork",
    ],
)
def test_processes_that_live_long_search_for_garbage_by_the_clock(server_url, tmp_path, do, searches):
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
        "REDIS_URL": server_url,
        "STATE_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", TOLD.format(do=do)]

    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment).stdout

    assert told.split() == [str(searches), str(searches)]
