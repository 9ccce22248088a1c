"""The workers' entry point: the Celery application, and the runtime that its tasks use."""

import os
import signal
import socket
import time
import warnings
from functools import cache
from threading import Event
from typing import Any

import click
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import (
    beat_init,
    import_modules,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from flask import Flask

from app.bus import keys
from app.local.background import go_to_background
from app.local.pauses import keep_pauses_short, search_by_the_clock
from app.local.pulse import keep_pulse, pulse_file
from app.logs import configure_logs
from app.runtime import Runtime
from app.settings import load_settings
from app.wiring import server_addresses, wire
from workers.dispatch import CeleryDispatch, make_celery
from workers.observing import TaskObserver
from workers.queues import queue_of
from workers.reconnecting import ForgetLostTransports

# Celery warns of root for the sake of pickled messages; Thor's queues accept JSON alone.
warnings.filterwarnings("ignore", category=SecurityWarning)
settings = load_settings()
celery = make_celery(server_addresses(settings)[1])
celery.steps["consumer"].add(ForgetLostTransports)
TaskObserver(settings.metrics_dir).connect()
stopping = Event()


@cache
def runtime() -> Runtime:
    """This process's runtime; made by the first task, so that prefork children never share a connection."""
    return wire(Flask("workers"), settings, CeleryDispatch(lambda: celery))


def worker_name() -> str:
    """This process, for those who look for who works on something."""
    return f"{socket.gethostname()}:{os.getpid()}"


def end_child() -> None:
    """End this process, the child of a prefork worker, which starts another; its task goes back to the queue."""
    os.kill(os.getpid(), signal.SIGKILL)


def lower(**_signal: Any) -> None:
    """Have this process, the child of a prefork worker that computes, let all others go before it."""
    go_to_background()


def show_life(queue: str) -> None:
    """Record that the queue's worker does its tasks."""
    runtime().redis.set(keys.pulse(queue), int(time.time() * 1000))


@setup_logging.connect
def _logs(**_signal: Any) -> None:
    configure_logs(settings.log_level, settings.log_format, server_addresses(settings), settings.secrets)


@worker_ready.connect
def _quiet(**_signal: Any) -> None:
    # At each loss of the broker Celery advises a setting that is made; its own logging has every such line shown.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)


@worker_ready.connect
def show_pulse(sender: Any = None, **_signal: Any) -> None:
    """Touch a file for each queue: whoever runs the worker cannot tell one that stands still from an idle one."""
    for queue in sender.task_consumer.queues:
        keep_pulse(pulse_file(settings.state_dir, queue.name), Event())


@beat_init.connect
@worker_ready.connect
def _steady(**_signal: Any) -> None:
    # Collectors and ingestors are threads of this process; the first children of a prefork worker exist by now.
    keep_pauses_short()
    search_by_the_clock(Event())


@worker_process_init.connect
def _steady_child(**_signal: Any) -> None:
    # No thread of its parent lives on in a child.
    keep_pauses_short()
    search_by_the_clock(Event())


@import_modules.connect
def _steady_flower(**_signal: Any) -> None:
    # Flower sends no other signal. A worker does, too, but must not have threads before it has forked.
    command = click.get_current_context(silent=True)
    if command is not None and command.info_name == "flower":
        keep_pauses_short()
        search_by_the_clock(Event())


@worker_shutting_down.connect
def _stop_loops(**_signal: Any) -> None:
    stopping.set()


@task_prerun.connect
def _busy(task: Any = None, **_signal: Any) -> None:
    # A loop says for itself how it fares; other work may keep its queue from showing life for as long as it may run.
    if task.acks_late:
        limit_s = int(celery.conf.task_time_limit)
        runtime().redis.set(keys.busy(queue_of(task.name)), int(time.time() * 1000), ex=limit_s)


@task_postrun.connect
def _free(task: Any = None, **_signal: Any) -> None:
    if task.acks_late:
        runtime().redis.delete(keys.busy(queue_of(task.name)))
        show_life(queue_of(task.name))
