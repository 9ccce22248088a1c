import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.dispatch import QUEUES
from tests.tree import ROOT, code_files, imported_names, parsed, python_files

SETTINGS = Path("app/settings.py")
EFFECTS = ("socket.", "subprocess.Popen", "os.fork", "os.exec", "os.system", "os.posix_spawn", "os.kill", "signal.")
QUEUE_MODULES = [path for path in python_files("workers") if path.stem in QUEUES]

# What the modules that join the application with its task queue may import of this project and of Celery.
JOINTS = {
    "wsgi.py": (
        "app.cli.console",
        "app.errors",
        "app.factory",
        "app.logs",
        "app.settings",
        "app.wiring",
        "workers.dispatch",
    ),
    "celeryconfig.py": ("app.dispatch", "workers.queues", "kombu"),
    "workers/queues.py": ("app.dispatch",),
    "workers/dispatch.py": (
        "app.bus",
        "app.dispatch",
        "app.errors",
        "app.metrics",
        "workers.queues",
        "celery",
        "kombu",
    ),
}

WATCH = """
import importlib, sys, threading
seen = []
def watch(event, arguments):
    writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    if writes or event.startswith({effects!r}):
        seen.append(f"{{event}} {{arguments[:2]}}")
sys.addaudithook(watch)
for module in {modules!r}:
    importlib.import_module(module)
print("\\n".join(seen))
print("\\n".join(thread.name for thread in threading.enumerate() if thread is not threading.main_thread()))
"""


def test_only_the_settings_read_the_environment():
    readers = {str(path) for path in code_files() if path != SETTINGS and reads_environment(parsed(path))}

    assert readers == set()


def test_the_application_never_names_the_task_queue():
    known = {str(path): foreign(path, ("celery", "kombu", "workers")) for path in python_files("app")}

    assert {path: names for path, names in known.items() if names} == {}


@pytest.mark.parametrize("joint", JOINTS)
def test_a_joint_imports_only_what_it_joins(joint):
    ours = {
        name
        for name in imported_names(parsed(Path(joint)))
        if starts(name, ("app", "workers", "celery", "kombu", "redis"))
    }

    assert {name for name in ours if not starts(name, JOINTS[joint])} == set()


@pytest.mark.parametrize("path", QUEUE_MODULES, ids=str)
def test_a_queues_module_knows_the_application_and_the_entry_point_only(path):
    allowed = ("app", "workers.celery_app", "celery.signals", *sys.stdlib_module_names)

    assert {name for name in imported_names(parsed(path)) if not starts(name, allowed)} == set()


def test_the_command_line_loads_celery_only_when_it_sends_something():
    top_level = [
        node for node in parsed(Path("workers/dispatch.py")).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert not any(starts(name, ("celery", "kombu")) for node in top_level for name in imported_names(node))


def test_no_module_calls_anything_for_its_effect_when_it_is_imported():
    calls = {f"{path}:{line}" for path in python_files("app") for line in bare_calls(parsed(path).body)}

    assert calls == set()


def test_importing_the_application_in_an_empty_environment_touches_nothing():
    modules = [dotted(path) for path in python_files("app") if path.name != "__main__.py"]
    script = WATCH.format(effects=EFFECTS, modules=["app.factory", *modules])

    answer = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=ROOT, env={}, capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split() == []


def test_the_watch_sees_a_socket_a_process_and_a_written_file(tmp_path):
    (tmp_path / "loud.py").write_text(
        "import socket, subprocess, pathlib\nsocket.socket().close()\n"
        f"subprocess.run(['true'])\npathlib.Path({str(tmp_path)!r}, 'x').write_text('')\n"
    )
    script = WATCH.format(effects=EFFECTS, modules=["loud"])

    answer = subprocess.run(
        [sys.executable, "-B", "-c", script],
        env={"PYTHONPATH": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )

    events = {line.partition(" ")[0] for line in answer.stdout.splitlines()}
    assert {"socket.__new__", "subprocess.Popen", "open"} <= events


def reads_environment(tree: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb", "putenv"}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
            and node.attr in names
        ):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os" and names & {alias.name for alias in node.names}:
            return True
    return bool({"dotenv", "decouple", "environs"} & {name.partition(".")[0] for name in imported_names(tree)})


def foreign(path: Path, packages: tuple[str, ...]) -> set[str]:
    return {name for name in imported_names(parsed(path)) if starts(name, packages)}


def starts(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def bare_calls(body: list[ast.stmt]) -> list[int]:
    """Lines of the statements, run at import, that are nothing but a call."""
    lines: list[int] = []
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
            lines.append(node.lineno)
        elif isinstance(node, ast.If) and not is_main(node):
            lines += bare_calls([*node.body, *node.orelse])
        elif isinstance(node, ast.For | ast.While | ast.With | ast.Try):
            parts = [getattr(node, name, []) for name in ("body", "orelse", "finalbody")]
            lines += bare_calls([statement for part in parts for statement in part])
    return lines


def is_main(node: ast.If) -> bool:
    return "__name__" in ast.unparse(node.test)
