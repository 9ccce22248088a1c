"""The workers' application on the clock of a trial: celery -A tests.faults.harness.fast_worker worker|beat …"""

import json
from functools import cache

from flask import Flask

from app.runtime import Runtime
from app.wiring import wire
from tests.faults.harness.fast_clock import FastClock
from workers import celery_app
from workers.celery_app import celery, settings
from workers.dispatch import CeleryDispatch

PLAN = settings.state_dir / "clock.json"
TICK = settings.state_dir / "tick.json"


@cache
def _runtime() -> Runtime:
    return wire(Flask("workers"), settings, CeleryDispatch(lambda: celery), FastClock(PLAN))


# Tasks import it by its name, and are loaded after this module.
celery_app.runtime = _runtime
celery.conf.beat_schedule["market-tick"]["schedule"] = json.loads(TICK.read_text())
