"""Runs a group of processes: ordered start, restarts, and a stop that leaves nothing behind."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from app.clock import Clock, SystemClock
from app.errors import ThorError
from app.local.backoff import RestartPolicy
from app.local.lifeline import Lifeline, StopSignals
from app.local.lock import require_posix
from app.local.logs import GroupLog
from app.local.member import ProcessMember, StepMember, Stopping
from app.local.order import check_order, next_to_stop
from app.local.process import ProcessSpec, Step
from app.local.state import PROCESSES, SERVERS, StateDirectory
from app.local.status import ProcessStatus, write_processes

_LOOK_EVERY_S, _LOOK_EVERY_WHEN_READY_S = 0.05, 0.2


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
    with group.signals.taken(), group.lifeline.held():
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
        self.signals, self.lifeline = StopSignals(), Lifeline(state.path)
        check_order(items)
        self._members: dict[str, ProcessMember | StepMember] = {
            item.name: ProcessMember(item, clock, log, policy)
            if isinstance(item, ProcessSpec)
            else StepMember(item, clock)
            for item in items
        }
        self._after = {item.name: item.after for item in items}
        self._state, self._log, self._stop = state, log, stop
        self._published: list[ProcessStatus] = []
        self._error: BaseException | None = None

    def run(self, on_ready: Callable[[], None] | None) -> None:
        try:
            while not self._all_were_ready() and not self._stop.is_set():
                self._advance()
                self._pause(_LOOK_EVERY_S)
            if not self._stop.is_set():
                self._announce(on_ready)
            while not self._stop.is_set():
                self._advance()
                self._pause(_LOOK_EVERY_WHEN_READY_S)
        except ThorError as error:
            # Ctrl-C reaches a program of a preparation too: what then fails is the stop that was asked for.
            if not (self._stop.is_set() or self.signals.came()):
                raise
            self._log.say(f"the start was given up: {error}")
        if self._error is not None:
            raise self._error

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)
        if self.signals.came():
            self._stop.set()

    def end(self) -> None:
        left = [member for member in self._processes() if member.running]
        if left:
            reason = f"{name}: " if (name := self.signals.came()) else ""
            self._log.say(f"{reason}stopping {', '.join(member.name for member in reversed(left))}")
        while left:
            names = next_to_stop([member.name for member in left], self._after)
            wave = [member for member in left if member.name in names]
            stopping = [Stopping(member, member.running, self.signals.hurry) for member in wave if member.running]
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

    def _publish(self) -> None:
        now = [member.status() for member in self._members.values()]
        if now == self._published:
            return
        self.lifeline.list_only({status.pid for status in now if status.pid is not None})
        self._published = now
        try:
            write_processes(self._state, now)
        except OSError as error:
            self._log.say(f"cannot write what runs to {self._state.path}: {error.strerror}")
