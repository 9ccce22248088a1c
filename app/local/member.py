"""A process or a step as a member of the group: its state, and what each moment asks for."""

import signal
import threading
import time
from collections.abc import Callable

from app.clock import Clock, instant_text
from app.errors import ThorError, Unavailable
from app.local.backoff import RestartHistory, RestartPolicy
from app.local.logs import GroupLog
from app.local.process import ProcessSpec, Running, Step
from app.local.status import ProcessStatus, State

_KILL_PATIENCE_S = 3.0


class Member:
    """What processes and steps have in common: a name, a state and since when."""

    def __init__(self, name: str, after: tuple[str, ...], clock: Clock) -> None:
        """A member that waits for those named by `after`."""
        self.name, self.after = name, after
        self.was_ready = False
        self._clock = clock
        self.enter("waiting")

    def enter(self, state: State) -> None:
        """Take a state."""
        self.state: State = state
        self._since = instant_text(self._clock.now())
        self.was_ready = self.was_ready or state in ("running", "done")

    def status(self) -> ProcessStatus:
        """The state for other processes to read."""
        return ProcessStatus(self.name, self.state, self._since)


class StepMember(Member):
    """A step runs in a thread of its own, so that a slow one cannot keep the group from stopping."""

    def __init__(self, step: Step, clock: Clock) -> None:
        """A step that has not run."""
        super().__init__(step.name, step.after, clock)
        self._step = step
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"step-{step.name}", daemon=True)

    def begin(self) -> None:
        """Start the step."""
        self.enter("starting")
        self._thread.start()

    def advance(self) -> None:
        """Notice its end; what it raised is raised here."""
        if self.state != "starting" or self._thread.is_alive():
            return
        if self._error is not None:
            self.enter("stopped")
            raise self._error
        self.enter("done")

    def _run(self) -> None:
        try:
            self._step.run()
        except BaseException as error:
            self._error = error


class ProcessMember(Member):
    """A process that is started, watched, started again with growing pauses, and stopped."""

    def __init__(self, spec: ProcessSpec, clock: Clock, log: GroupLog, policy: RestartPolicy) -> None:
        """A process that has not been started."""
        super().__init__(spec.name, spec.after, clock)
        self.spec = spec
        self.running: Running | None = None
        self.restarts = 0
        self._log = log
        self._history = RestartHistory(policy)
        self._due_s = 0.0
        self._complaint = ""

    def status(self) -> ProcessStatus:
        """The state for other processes to read."""
        pid = self.running.pid if self.running else None
        return ProcessStatus(self.name, self.state, self._since, pid, self.restarts, self.spec.url)

    def begin(self) -> None:
        """Spawn the process. Unavailable when it cannot be spawned."""
        self.running = Running(self.spec, self._log)
        self.enter("starting")

    def advance(self) -> None:
        """Do what this moment asks for. Unavailable when a process that was never ready ends or takes too long."""
        if self.running is None:
            self._try_again()
        elif self.running.exit_code() is not None:
            self._ended(self.running)
        elif self.running.is_still():
            self._log.say(f"{self.name} stands still for {self.spec.still_after_s:g} s: it is killed")
            self.running.kill()
        elif self.state == "starting":
            self._look_whether_ready(self.running)

    def _try_again(self) -> None:
        if self.state not in ("backoff", "crash_loop") or time.monotonic() < self._due_s:
            return
        self.restarts += 1
        try:
            self.begin()
        except Exception as error:
            self._plan_restart(str(error), up_s=0.0)

    def _look_whether_ready(self, running: Running) -> None:
        if self._is_ready(running):
            self.enter("running")
            self._log.say(f"{self.name} is ready" + (f" at {self.spec.url}" if self.spec.url else ""))
        elif running.up_s > self.spec.ready_within_s:
            if not self.was_ready:
                raise Unavailable(f"{self.name} was not ready within {self.spec.ready_within_s:g} s: see its log above")
            self._log.say(f"{self.name} is not ready after {self.spec.ready_within_s:g} s: it is killed")
            running.kill()

    def _is_ready(self, running: Running) -> bool:
        try:
            return running.is_ready()
        except ThorError as error:
            if not self.was_ready:
                raise
            # The rest of the group works on; the deadline sees to a process that stays like this.
            if str(error) != self._complaint:
                self._complaint = str(error)
                self._log.say(f"{self.name}: {error}")
            return False

    def _ended(self, running: Running) -> None:
        self.running = None
        if not self.was_ready:
            self.enter("stopped")
            raise Unavailable(f"{self.name} did not start: it {running.how_it_ended()}")
        self._plan_restart(running.how_it_ended(), running.up_s)

    def _plan_restart(self, reason: str, up_s: float) -> None:
        now_s = time.monotonic()
        restart = self._history.after_exit(now_s, up_s)
        self._due_s = now_s + restart.delay_s
        self.enter("crash_loop" if restart.crash_loop else "backoff")
        alarm = "CRASH LOOP: " if restart.crash_loop else ""
        self._log.say(f"{alarm}{self.name} {reason}; it is started again in {restart.delay_s:.1f} s")


class Stopping:
    """The end of one process: its signals at their times, then the kill."""

    def __init__(self, member: ProcessMember, running: Running, hurry: Callable[[], bool]) -> None:
        """Begin now; `hurry` tells when there is no time for manners."""
        self._member, self._running, self._hurry = member, running, hurry
        self._started_s = time.monotonic()
        self._signals = list(member.spec.stop_signals)
        self._killed = False
        member.enter("stopping")

    def advance(self) -> bool:
        """Do what is due; True once the process and its group have gone."""
        if self._running.exit_code() is not None:
            self._running.last_words()
            self._member.running = None
            self._member.enter("stopped")
            return True
        waited_s = time.monotonic() - self._started_s
        while self._signals and self._signals[0][0] <= waited_s:
            self._running.send(signal.Signals(self._signals.pop(0)[1]))
        if not self._killed and (waited_s > self._member.spec.grace_s or self._hurry()):
            self._running.kill()
            self._killed = True
        # A process in an uninterruptible wait of the kernel can outlast even a kill.
        return waited_s > self._member.spec.grace_s + _KILL_PATIENCE_S
