"""kill -9 of whoever refreshes the login at Schwab: the file is whole and private at any instant."""

import contextlib
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from app.clock import SystemClock
from app.collectors.schwab.refreshing import Refresher
from app.collectors.schwab.token_file import TokenFile
from app.collectors.schwab.tokens import Login
from tests.faults.harness.refresher import plan_of
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.schwab.standin import StandIn
from tests.servers import ROOT
from tests.waiting import until

LONGEST_LIFE_S = 0.25, 1.0  # The second where the machine is so busy that hardly anything is written in the first.
USE_EVERY = 10
PRIVATE = 0o600


@dataclass
class Found:
    """What was seen of the file after each kill."""

    refresh_token: str
    access_tokens: set[str] = field(default_factory=set)
    left_behind: int = 0
    wrong: list[str] = field(default_factory=list)

    def look(self, directory: Path, number: int) -> None:
        """Look at everything in the directory."""
        for path in directory.iterdir():
            if (mode := stat.S_IMODE(path.stat().st_mode)) != PRIVATE:
                self.wrong.append(f"after kill {number} {path.name} has mode {mode:o}")
            self.left_behind += path.name.endswith(".new")
        for name in ("token.json", "token.json.previous"):
            self._read(directory / name, number)

    def _read(self, path: Path, number: int) -> None:
        try:
            login = Login.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError) as error:
            self.wrong.append(f"after kill {number} {path.name} cannot be read: {type(error).__name__}")
            return
        if login.token.refresh_token != self.refresh_token:
            self.wrong.append(f"after kill {number} {path.name} has another refresh token")
        self.access_tokens.add(login.token.access_token)


def play(trial: Trial) -> Outcome:
    """Kill refreshers at random instants; now and then use what they left, as the next process would."""
    kills, began = trial.pick(30, 200), time.monotonic()
    directory = trial.directory / "schwab"
    with StandIn() as standin:
        plan = plan_of(directory, standin.api_url, standin.client_id, standin.client_secret)
        login = Login.model_validate(standin.token())
        file = TokenFile(plan.token_file)
        with file.held():
            file.write(login)
            file.write(login)
        found = Found(login.token.refresh_token)
        longest_s, at_most_s = LONGEST_LIFE_S
        with forking(directory, standin) as start:
            for number in range(1, kills + 1):
                end(start(), random.Random(number).uniform(0, longest_s))
                if standin.refreshes < number / 2:
                    longest_s = min(1.2 * longest_s, at_most_s)
                found.look(directory, number)
                if number % USE_EVERY == 0:
                    use(Refresher(plan, SystemClock()), found)
                    trial.say(f"{number} kills, {standin.refreshes} refreshes")
        figures = {"kills": kills, "refreshes": standin.refreshes, "times a temporary was left": found.left_behind}
    idle = [] if len(found.access_tokens) > kills / 4 else ["the refreshers hardly wrote anything"]
    return Outcome(figures | {"wall s": round(time.monotonic() - began)}, found.wrong + idle)


def use(refresher: Refresher, found: Found) -> None:
    """Refresh once more, which a lock that was left behind or a broken file would prevent."""
    before = refresher.good().token.access_token
    if refresher.good(before).token.access_token == before:
        found.wrong.append("what was left cannot be refreshed")


def end(pid: int, after_s: float) -> None:
    """Kill a refresher after a while, and wait until it is gone."""
    time.sleep(after_s)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_there(pid))


def is_there(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextlib.contextmanager
def forking(directory: Path, standin: StandIn) -> "Iterator[Starter]":
    """A way to start refreshers in no time; it gives the pid of one that has begun."""
    words = [str(directory), standin.api_url, standin.client_id, standin.client_secret]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.harness.refresher", *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Starter(process)
        assert process.stdin
        process.stdin.close()


class Starter:
    """Starts refreshers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self) -> int:
        """The pid of one that has begun."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        told = {self._process.stdout.readline().strip() for _ in range(2)}
        assert "go" in told, f"the refreshers ended by themselves: {told}"
        return int((told - {"go"}).pop())


TOKEN_KILLS = Scenario("token-kills", play, limit_s=120)
