"""Runs a group of processes: ordered start, restarts, and a stop that leaves nothing behind."""

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from app.clock import Clock, SystemClock
from app.errors import ThorError
from app.local import reaper
from app.local.backoff import RestartPolicy
from app.local.lock import REAPER_LOCK_NAME, require_posix
from app.local.logs import GroupLog
from app.local.member import Member, ProcessMember, StepMember, Stopping
from app.local.process import ProcessSpec, Step
from app.local.state import PROCESSES, SERVERS, StateDirectory
from app.local.status import ProcessStatus, write_processes

_LOOK_EVERY_S, _LOOK_EVERY_WHEN_READY_S = 0.05, 0.2
# Shorter than the five seconds within which nothing may be left of a killed supervisor.
_REAPER_GRACE_S = 3.5


def run_group(
    items: Sequence[ProcessSpec | Step],
    state_dir: Path,
    *,
    stop: threading.Event,
    on_ready: Callable[[], None] | None = None,
    output: TextIO | None = None,
    colour: bool | None = None,
    policy: RestartPolicy | None = None,
    clock: Clock | None = None,
) -> None:
    """Run the items as one group until `stop` is set, or SIGINT, SIGTERM or SIGHUP comes; then stop them all.

    Call it on the main thread as the holder of the state directory. Items whose `after` is ready start together; a
    process that ends later is started again. `on_ready` runs once, in a thread of its own, when every item has been
    ready; it may set `stop`, and what it raises stops the group and is raised here. Unavailable when an item cannot
    start. The stop goes in the reverse order; a second signal kills instead of asking. Log lines go to `output`
    (standard output), coloured by default on a terminal.
    """
    require_posix()
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("run_group spawns processes that die with the calling thread: call it on the main thread")
    stream = output or sys.stdout
    log = GroupLog(stream, [item.name for item in items], colour=stream.isatty() if colour is None else colour)
    state = StateDirectory(state_dir)
    group = _Group(items, state, log, stop, policy or RestartPolicy(), clock or SystemClock())
    with group.signals(), group.reaper():
        try:
            group.run(on_ready)
        finally:
            group.end()
            state.remove(PROCESSES)
            state.remove(SERVERS)


class _Group:
    def __init__(
        self,
        items: Sequence[ProcessSpec | Step],
        state: StateDirectory,
        log: GroupLog,
        stop: threading.Event,
        policy: RestartPolicy,
        clock: Clock,
    ) -> None:
        self._members: dict[str, ProcessMember | StepMember] = {
            item.name: ProcessMember(item, clock, log, policy)
            if isinstance(item, ProcessSpec)
            else StepMember(item, clock)
            for item in items
        }
        _check_order(list(self._members.values()), len(items))
        self._state, self._log, self._stop = state, log, stop
        self._hurry = False
        self._published: list[ProcessStatus] = []
        self._listed: set[int] = set()
        self._error: BaseException | None = None

    def run(self, on_ready: Callable[[], None] | None) -> None:
        try:
            while not self._all_were_ready() and not self._stop.is_set():
                self._advance()
                self._stop.wait(_LOOK_EVERY_S)
            if not self._stop.is_set():
                self._announce(on_ready)
            while not self._stop.wait(_LOOK_EVERY_WHEN_READY_S):
                self._advance()
        except ThorError as error:
            # Ctrl-C reaches a program of a preparation too: what then fails is the stop that was asked for.
            if not self._stop.is_set():
                raise
            self._log.say(f"the start was given up: {error}")
        if self._error is not None:
            raise self._error

    def end(self) -> None:
        left = [member for member in self._processes() if member.running]
        if left:
            self._log.say(f"stopping {', '.join(member.name for member in left)}")
        while left:
            wave = [member for member in left if not any(self._needs(other, member) for other in left)]
            stopping = [Stopping(member, member.running, lambda: self._hurry) for member in wave if member.running]
            while stopping:
                stopping = [one for one in stopping if not one.advance()]
                self._publish()
                time.sleep(_LOOK_EVERY_S)
            left = [member for member in left if member not in wave]
        self._publish()
        self._log.say("stopped")

    def _all_were_ready(self) -> bool:
        return all(member.was_ready for member in self._members.values())

    def _advance(self) -> None:
        for member in self._members.values():
            if member.state != "waiting":
                member.advance()
            elif all(self._members[name].was_ready for name in member.after):
                member.begin()
        self._publish()

    def _announce(self, on_ready: Callable[[], None] | None) -> None:
        self._log.say("everything is ready")
        if on_ready:
            threading.Thread(target=self._call, args=(on_ready,), name="on-ready", daemon=True).start()

    def _call(self, on_ready: Callable[[], None]) -> None:
        try:
            on_ready()
        except BaseException as error:
            if self._stop.is_set():
                self._log.say(f"the work that was under way ended early: {error}")
            else:
                self._error = error
                self._stop.set()

    def _processes(self) -> list[ProcessMember]:
        return [member for member in self._members.values() if isinstance(member, ProcessMember)]

    def _needs(self, member: Member, other: Member) -> bool:
        return any(name == other.name or self._needs(self._members[name], other) for name in member.after)

    def _publish(self) -> None:
        now = [member.status() for member in self._members.values()]
        if now == self._published:
            return
        self._tell_reaper({status.pid for status in now if status.pid is not None})
        self._published = now
        try:
            write_processes(self._state, now)
        except OSError as error:
            self._log.say(f"cannot write what runs to {self._state.path}: {error.strerror}")

    @contextlib.contextmanager
    def reaper(self) -> Iterator[None]:
        lock = self._state.path / REAPER_LOCK_NAME
        lock.touch(mode=0o600)
        command = [sys.executable, "-I", reaper.__file__, str(_REAPER_GRACE_S), str(lock)]
        # Without a buffer, so that the pipe holds nothing back and has nothing to flush when the reaper is dead.
        with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True) as process:  # noqa: S603
            self._reaper = process
            yield

    def _tell_reaper(self, pids: set[int]) -> None:
        changes = [f"+{pid}\n" for pid in pids - self._listed] + [f"-{pid}\n" for pid in self._listed - pids]
        self._listed = pids
        if changes and self._reaper.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._reaper.stdin.write("".join(changes).encode())

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        numbers = [signal.SIGINT, signal.SIGTERM]
        # Under nohup the group is meant to outlive its terminal.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: object) -> None:
        self._hurry = self._stop.is_set()
        self._stop.set()


def _check_order(members: Sequence[Member], count: int) -> None:
    known: set[str] = set()
    for member in members:
        if missing := set(member.after) - known:
            raise ValueError(f"{member.name} comes after {sorted(missing)}, which must stand before it in the list")
        known.add(member.name)
    if len(known) != count:
        raise ValueError("two items have the same name")
