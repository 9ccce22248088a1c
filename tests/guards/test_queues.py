import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pytest

import celeryconfig
from app.dispatch import QUEUES
from app.local.stack import WORKERS, StackOptions, build_stack
from tests.guards.compose import option, services
from tests.tree import ROOT, parsed, python_files
from workers.dispatch import CeleryDispatch, make_celery

TASK_BODY_LINES = 6


@dataclass(frozen=True)
class Task:
    """A task as its source text has it."""

    name: str
    module: str
    function: ast.FunctionDef

    @property
    def body_lines(self) -> int:
        body = self.function.body[1:] if ast.get_docstring(self.function) else self.function.body
        return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def tasks() -> Iterator[Task]:
    for path in python_files("workers"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from (
                    Task(name, path.stem, node) for name in map(task_name, node.decorator_list) if name is not None
                )


def task_name(decorator: ast.expr) -> str | None:
    """The name that the decorator gives the task; empty when it leaves it to Celery, None when it makes no task."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) not in ("task", "shared_task"):
        return None
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    names = [
        keyword.value.value for keyword in keywords if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    ]
    return names[0] if names else ""


TASKS = {f"{task.module}.{task.function.name}": task for task in tasks()}


@pytest.mark.parametrize("place", TASKS)
def test_a_task_is_named_after_its_queue_its_module_and_its_function(place):
    assert TASKS[place].name == place
    assert TASKS[place].module in QUEUES


@pytest.mark.parametrize("place", TASKS)
def test_a_task_is_a_look_up_and_one_call(place):
    assert TASKS[place].body_lines <= TASK_BODY_LINES


@pytest.mark.parametrize("place", TASKS)
def test_a_task_takes_ids_dates_and_names(place):
    arguments = TASKS[place].function.args

    kinds = {
        ast.unparse(argument.annotation) for argument in [*arguments.args, *arguments.kwonlyargs] if argument.annotation
    }

    assert kinds <= {"str", "int"}


@pytest.mark.parametrize("place", TASKS)
def test_a_task_is_routed_to_the_queue_of_its_name(place):
    router = make_celery(None).amqp.router

    assert router.route({}, TASKS[place].name)["queue"].name == TASKS[place].module


def test_the_declared_queues_are_those_of_the_application():
    assert [queue.name for queue in celeryconfig.task_queues] == list(QUEUES)


def test_every_queue_has_a_module_with_a_sign_of_life():
    assert {f"{queue}.probe" for queue in QUEUES} <= set(TASKS)


def test_every_queue_has_one_worker_in_the_local_stack():
    assert Counter(worker.queue for worker in WORKERS) == Counter(QUEUES)


def test_every_queue_has_a_service_that_runs_the_same_worker_as_the_local_stack(local_commands):
    commands = [service["command"] for service in services().values() if "worker" in service.get("command", [])]

    assert sorted(words[words.index("--quiet") :] for words in commands) == sorted(local_commands)


def test_every_periodic_task_exists():
    assert {entry["task"] for entry in celeryconfig.beat_schedule.values()} <= set(TASKS)


def test_every_message_that_the_application_sends_has_a_task_that_takes_it():
    celery = RecordingCelery()
    dispatch = CeleryDispatch(lambda: celery)

    dispatch.start_collector("SIMULATED")
    dispatch.start_ingest(1)
    dispatch.export_session("CME_Futures", date(2025, 10, 9))
    dispatch.apply_retention("CME_Futures")
    dispatch.close_session("CME_Futures", date(2025, 10, 9))
    dispatch.run_job(7)
    dispatch.reconcile()
    for queue in QUEUES:
        dispatch.probe(queue)

    assert len(celery.sent) == 7 + len(QUEUES)
    assert [name for name, arguments in celery.sent if not takes(name, len(arguments))] == []


def test_the_workers_load_every_task(local_commands):
    modules = [option(command, "-I") for command in local_commands]
    script = (
        f"from workers.celery_app import celery; import {', '.join(modules)}; "
        "print(*(name for name in celery.tasks if not name.startswith('celery.')))"
    )

    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(answer.stdout.split()) == set(TASKS)


@pytest.fixture
def local_commands(tmp_path):
    """The workers' command lines in the local stack, from Celery's options on."""
    specs = build_stack(StackOptions(tmp_path, ROOT, {}, migrate=lambda: None))
    commands = [list(spec.command) for spec in specs if spec.name in QUEUES]
    return [words[words.index("--quiet") :] for words in commands]


class RecordingCelery:
    """Takes messages and keeps them."""

    def __init__(self):
        self.sent = []

    def send_task(self, name, args, **_options):
        self.sent.append((name, args))


def takes(name: str, count: int) -> bool:
    if name not in TASKS:
        return False
    arguments = TASKS[name].function.args
    return len(arguments.args) - len(arguments.defaults) <= count <= len(arguments.args)
