import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from app.errors import Conflict, Unavailable
from app.local.backoff import RestartPolicy
from app.local.lock import hold_lock
from app.local.process import ProcessSpec, Step
from app.local.state import PROCESSES, EmbeddedServers, StateDirectory, read_servers, write_servers
from app.local.status import ProcessStatus, read_processes
from app.local.supervisor import run_group

ROOT = str(Path(__file__).parents[4])
QUICK = RestartPolicy(first_s=0.05, longest_s=0.1, loop_restarts=3, loop_pause_s=0.2)
SLEEP = ("sleep", "600")
# A process that starts one in its group and one in a session of its own, and ignores every polite signal.
STUBBORN = """
import signal, subprocess, time
for name in ("SIGTERM", "SIGINT", "SIGQUIT"):
    signal.signal(getattr(signal, name), signal.SIG_IGN)
subprocess.Popen(["sleep", "600"])
subprocess.Popen(["sleep", "600"], start_new_session=True)
print("stubborn", flush=True)
time.sleep(600)
"""
SUPERVISOR = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from app.local.lock import hold_lock
from app.local.process import ProcessSpec
from app.local.supervisor import run_group
state = Path(sys.argv[2])
items = [
    ProcessSpec("plain", ("sleep", "600")),
    ProcessSpec("stubborn", (sys.executable, "-c", sys.argv[3]), ready_text="stubborn", grace_s=0.3),
]
with hold_lock(state):
    run_group(items, state, stop=threading.Event(), on_ready=lambda: print("READY", flush=True))
print("ENDED")
"""
Until = Callable[[Callable[[], object]], None]


class Group:
    """Runs items on the main thread while `during` looks on from another one, and keeps the log."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.log = io.StringIO()

    def run(self, items: Sequence[ProcessSpec | Step], during: Callable[[], None] = lambda: None) -> None:
        stop = threading.Event()

        def look_on() -> None:
            during()
            stop.set()

        with hold_lock(self.state_dir):
            run_group(items, self.state_dir, stop=stop, on_ready=look_on, output=self.log, policy=QUICK)

    def process(self, name: str) -> ProcessStatus:
        return next(status for status in read_processes(self.state_dir) if status.name == name)

    def lines(self) -> list[str]:
        return self.log.getvalue().splitlines()


def test_a_process_that_stands_still_is_killed_and_started_again(group: Group, until: Until) -> None:
    pulse = group.state_dir / "pulse" / "worker"
    touching = f"while :; do touch {pulse}; sleep 0.05; done"
    spec = ProcessSpec("worker", ("sh", "-c", touching), pulse=pulse, still_after_s=0.5)
    pulse.parent.mkdir(parents=True)

    def during() -> None:
        until(pulse.exists)
        os.kill(group.process("worker").pid or 0, signal.SIGSTOP)
        until(lambda: group.process("worker").restarts == 1 and group.process("worker").state == "running")

    group.run([spec], during)

    assert any("worker stands still for 0.5 s: it is killed" in line for line in group.lines())


def test_a_process_that_never_gave_a_sign_of_life_is_left_alone(group: Group) -> None:
    spec = ProcessSpec("worker", SLEEP, pulse=group.state_dir / "pulse" / "worker", still_after_s=0.1)

    group.run([spec], lambda: time.sleep(1.0))

    assert not any("stands still" in line for line in group.lines())


def test_items_start_when_those_before_them_are_ready(group: Group) -> None:
    order: list[str] = []
    answers = iter([False, False, True])

    def ready() -> bool:
        order.append("asked")
        return next(answers)

    items: list[ProcessSpec | Step] = [
        ProcessSpec("server", SLEEP, ready=ready),
        Step("migrations", lambda: order.append("migrated"), after=("server",)),
        ProcessSpec("web", SLEEP, prepare=lambda: order.append("web"), after=("migrations",)),
    ]

    group.run(items)

    assert order == ["asked", "asked", "asked", "migrated", "web"]


def test_every_line_of_a_process_is_prefixed_with_its_name(group: Group) -> None:
    script = "echo out; echo err >&2; exec sleep 600"

    group.run([ProcessSpec("talker", ("sh", "-c", script), ready_text="err")])

    assert {"talker | out", "talker | err", "thor   | everything is ready"} <= set(group.lines())


def test_a_killed_process_comes_back(group: Group, until: Until) -> None:
    def kill_and_look() -> None:
        before = group.process("web")
        os.kill(before.pid or 0, signal.SIGKILL)
        until(lambda: group.process("web").restarts == 1 and group.process("web").state == "running")
        assert group.process("web").pid != before.pid

    group.run([ProcessSpec("web", SLEEP)], kill_and_look)

    assert any("web was killed by SIGKILL; it is started again in" in line for line in group.lines())


def test_a_process_that_keeps_ending_is_called_a_crash_loop_and_still_tried(
    group: Group, until: Until, tmp_path: Path
) -> None:
    fuse = tmp_path / "fuse"
    spec = ProcessSpec("web", ("sh", "-c", f"[ ! -e '{fuse}' ] || {{ echo it burns; exit 4; }}; exec sleep 600"))

    def burn() -> None:
        fuse.touch()
        os.kill(group.process("web").pid or 0, signal.SIGKILL)
        until(lambda: group.process("web").state == "crash_loop")
        fuse.unlink()
        until(lambda: group.process("web").state == "running")

    group.run([spec], burn)

    assert any("CRASH LOOP: web ended with exit code 4: it burns" in line for line in group.lines())


def test_the_end_leaves_no_process_and_no_file_that_says_otherwise(group: Group) -> None:
    below: list[psutil.Process] = []
    others = set(psutil.Process().children(recursive=True))  # The test servers may be children of this process.
    items: list[ProcessSpec | Step] = [
        Step("addresses", lambda: write_servers(StateDirectory(group.state_dir), EmbeddedServers("x", "y"))),
        ProcessSpec("stubborn", (sys.executable, "-c", STUBBORN), ready_text="stubborn", grace_s=0.3),
    ]

    group.run(items, lambda: below.extend(set(psutil.Process().children(recursive=True)) - others))

    assert len(below) >= 4
    assert not [process for process in below if _alive(process)]
    assert not (group.state_dir / PROCESSES).exists()
    assert read_servers(group.state_dir) is None


def test_what_a_process_that_ended_had_started_does_not_stay(group: Group, until: Until, tmp_path: Path) -> None:
    orphan = tmp_path / "orphan"
    script = f"sleep 600 & echo $! > '{orphan}'; echo up; wait"
    left: list[psutil.Process] = []

    def kill_and_look() -> None:
        left.append(psutil.Process(int(orphan.read_text())))
        os.kill(group.process("worker").pid or 0, signal.SIGKILL)
        until(lambda: not _alive(left[0]))

    group.run([ProcessSpec("worker", ("sh", "-c", script), ready_text="up")], kill_and_look)


def test_a_stranger_on_its_port_does_not_answer_for_a_process(group: Group) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        spec = ProcessSpec("web", SLEEP, port=port, ready=lambda: True, ready_within_s=0.3)

        with pytest.raises(Unavailable, match="web was not ready"):
            group.run([spec])


def test_servers_stop_after_those_that_need_them(group: Group) -> None:
    say = "trap '{pause}echo bye; exit' TERM; echo up; while :; do sleep 0.05; done"
    items: list[ProcessSpec | Step] = [
        ProcessSpec("server", ("sh", "-c", say.format(pause="")), ready_text="up"),
        ProcessSpec("web", ("sh", "-c", say.format(pause="sleep 0.4; ")), ready_text="up", after=("server",)),
    ]

    group.run(items)

    assert [line for line in group.lines() if "bye" in line] == ["web    | bye", "server | bye"]


def test_signals_of_a_stop_come_in_their_turn(group: Group) -> None:
    script = "trap 'echo asked' TERM; trap 'echo told; exit' QUIT; echo up; while :; do sleep 0.05; done"
    stop = ((0.0, signal.SIGTERM), (0.2, signal.SIGQUIT))

    group.run([ProcessSpec("worker", ("sh", "-c", script), ready_text="up", stop_signals=stop)])

    assert [line for line in group.lines() if "worker |" in line] == ["worker | up", "worker | asked", "worker | told"]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (ProcessSpec("web", ("/nowhere/web",)), "web cannot start: there is no program /nowhere/web"),
        (ProcessSpec("web", SLEEP, cwd=Path("/nowhere")), "web cannot start: /nowhere: No such file"),
        (
            ProcessSpec("web", ("sh", "-c", "echo no licence; exit 3")),
            "web did not start: it ended with exit code 3: no l",
        ),
        (ProcessSpec("web", SLEEP, ready=lambda: False, ready_within_s=0.2), "web was not ready within 0.2 s"),
    ],
)
def test_a_process_that_cannot_start_stops_the_rest_and_says_why(group: Group, spec: ProcessSpec, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        group.run([ProcessSpec("server", SLEEP), spec])

    assert not [process for process in psutil.Process().children() if process.name() == "sleep"]
    assert not (group.state_dir / PROCESSES).exists()


def test_a_step_that_fails_stops_the_group_with_its_error(group: Group) -> None:
    def fail() -> None:
        raise Conflict("the database is newer than this Thor")

    with pytest.raises(Conflict, match="newer than this Thor"):
        group.run([ProcessSpec("server", SLEEP), Step("migrations", fail, after=("server",))])


def test_an_error_of_the_work_that_follows_stops_the_group(group: Group) -> None:
    with pytest.raises(ZeroDivisionError):
        group.run([ProcessSpec("server", SLEEP)], lambda: print(1 // 0))


def test_a_secret_in_the_environment_reaches_the_child_and_no_argument_list(group: Group) -> None:
    secret = "a-password-that-shows-nowhere"
    arguments: list[str] = []
    spec = ProcessSpec(
        "flower",
        ("sh", "-c", 'echo "${#PASSWORD} characters"; exec sleep 600'),
        environment={"PATH": "/usr/bin:/bin", "PASSWORD": secret},
        ready_text="characters",
    )

    group.run(
        [spec], lambda: arguments.extend(part for child in psutil.Process().children() for part in child.cmdline())
    )

    assert f"flower | {len(secret)} characters" in group.lines()
    assert "600" in arguments
    assert not any(secret in part for part in arguments)


def test_a_second_group_on_the_same_state_is_refused(group: Group) -> None:
    with hold_lock(group.state_dir), pytest.raises(Conflict, match=rf"already runs .*\(pid {os.getpid()}\)"):
        group.run([ProcessSpec("web", SLEEP)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_group_in_order(supervisor: "subprocess.Popen[str]", number: signal.Signals) -> None:
    below = psutil.Process(supervisor.pid).children(recursive=True)

    supervisor.send_signal(number)
    output, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 0
    assert f"thor     | {number.name}: stopping stubborn, plain" in output
    assert output.splitlines()[-2:] == ["thor     | stopped", "ENDED"]
    assert not [process for process in below if _alive(process)]


def test_a_killed_supervisor_leaves_nothing_behind(
    supervisor: "subprocess.Popen[str]", tmp_path: Path, until: Until
) -> None:
    below = psutil.Process(supervisor.pid).children(recursive=True)
    state = json.loads((tmp_path / "var" / PROCESSES).read_text())

    supervisor.kill()

    with hold_lock(tmp_path / "var"):  # Waits for the reaper, as the next start does.
        until(lambda: not [process for process in below if _alive(process)])
    assert {entry["name"]: entry["state"] for entry in state} == {"plain": "running", "stubborn": "running"}
    assert len(below) >= 5


def test_a_killed_supervisor_and_reaper_leave_no_polite_process_behind(
    supervisor: "subprocess.Popen[str]", until: Until
) -> None:
    below = psutil.Process(supervisor.pid).children(recursive=True)
    plain = next(process for process in below if process.name() == "sleep" and process.ppid() == supervisor.pid)
    reaper = next(process for process in below if any("reaper" in part for part in process.cmdline()))

    reaper.kill()
    supervisor.kill()

    try:
        until(lambda: not _alive(plain))
    finally:
        for process in below:
            if _alive(process):
                process.kill()


@pytest.fixture
def group(tmp_path: Path) -> Group:
    return Group(tmp_path / "var")


@pytest.fixture
def supervisor(tmp_path: Path) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-c", SUPERVISOR, ROOT, str(tmp_path / "var"), STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line == "READY\n" for line in iter(process.stdout.readline, ""))
        yield process
        process.kill()


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
