"""All services of docker-compose.yml with users of their own: what they do, and what they go on with after kills."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from tests.deployment import Deployment, answers, deployed
from tests.deployment_talk import EXPORT, RUNNING, ask, count, denials, last_days, new_key, record
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

TRADES: Final = 390
PATIENCE_S: Final = 300
ENDED: Final = ("done", "failed", "cancelled")
KILLED: Final = ("worker-analysis", "redis", "worker-ingest")


@dataclass(frozen=True)
class Judged:
    """What came of it: rows that are stored of those published, jobs by how they ended, and who was denied what."""

    published: int
    stored: int
    exported: int
    days: int
    jobs: Sequence[str]
    by_hand: int
    denied: Sequence[str]
    ended: Sequence[int]

    def figures(self) -> dict[str, object]:
        """The figures of the table."""
        return {
            "stored": f"{self.stored} of {self.published}",
            "days exported": f"{self.exported} of {self.days}",
            "jobs": ", ".join(self.jobs),
            "denied": len(self.denied),
        }

    def wrong(self) -> list[str]:
        """What breaks the promise, as sentences."""
        found = [f"denied: {sentence}" for sentence in self.denied]
        if self.stored != self.published:
            found.append(f"{self.stored} ticks are stored, {self.published} were published")
        if self.exported != self.days:
            found.append(f"{self.exported} days are exported of {self.days}")
        found += [f"a job is {status}" for status in self.jobs if status != "done"]
        if self.by_hand:
            found.append(f"the analysis by hand ended with {self.by_hand}")
        return found + [f"a service ended with {code}" for code in self.ended if code]


def play(trial: Trial) -> Outcome:
    """Publish, store, export, analyse; kill a worker at its task, Redis, and the ingestor; and go on."""
    days = last_days(trial.pick(2, 4))
    with deployed(trial.directory) as made:
        for name in RUNNING:
            made.start(name)
        until(lambda: all(" ready." in made.log(name) for name in RUNNING if name.startswith("worker-")), PATIENCE_S)
        made.api_key = new_key(made)
        for number, day in enumerate(days[:-1]):
            publish(made, day, number)
            export(made, day)
        trial.say("published and exported")
        jobs, by_hand = analyse(made, days[:-1])
        trial.say(f"analysed: {jobs}")
        for name in KILLED[1:]:
            kill(made, name)
        publish(made, days[-1], len(days) - 1)
        export(made, days[-1])
        trial.say("gone on after the kills")
        denied = denials(made)
        stored, exported = count(made, "ticks WHERE source = 'REPLAY'"), count(made, f"{FILES} TRUE")
        ended = [made.stop(name) for name in RUNNING]
    found = Judged(TRADES * len(days), stored, exported, len(days), jobs, by_hand, denied, ended)
    return Outcome(found.figures(), found.wrong())


FILES: Final = "lake_files WHERE symbol = 'ES' AND kind = 'ticks' AND"


def publish(made: Deployment, day: date, number: int) -> None:
    """Have an operator replay a day, and wait until it is stored."""
    recording = record(made, day, number * TRADES + 1, TRADES)
    done = made.run("desk", ["flask", "replay", recording, "--speed", "max"], PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: count(made, "ticks WHERE source = 'REPLAY'") >= (number + 1) * TRADES, PATIENCE_S)


def export(made: Deployment, day: date) -> None:
    """Have the worker export a day, and wait until it has."""
    done = made.run("desk", ["python", "-c", EXPORT, day.isoformat()], PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    until(lambda: count(made, f"{FILES} session_date = '{day}'"), PATIENCE_S)


def analyse(made: Deployment, days: Sequence[date]) -> tuple[list[str], int]:
    """Ask for jobs by HTTP, kill the worker at the first of them, and run another by hand; how they ended."""
    span = {"start_date": days[0].isoformat(), "end_date": days[-1].isoformat()}
    wish = {"symbols": ["ES"], "kind": "single", **span}
    numbers = [ask(made, "/api/jobs", {**wish, "parameters": {"seed": seed}})["job"]["id"] for seed in (1, 2)]
    until(lambda: any(ask(made, f"/api/jobs/{number}")["status"] == "running" for number in numbers), PATIENCE_S)
    kill(made, KILLED[0])
    words = ["--symbols=ES", "--kind=series", *(f"--{key.replace('_', '-')}={day}" for key, day in span.items())]
    by_hand = made.run("desk", ["flask", "run-analysis", *words], PATIENCE_S).returncode
    until(lambda: all(ask(made, f"/api/jobs/{number}")["status"] in ENDED for number in numbers), PATIENCE_S)
    return [ask(made, f"/api/jobs/{number}")["status"] for number in numbers], by_hand


def kill(made: Deployment, name: str) -> None:
    """Kill -9 a service with all its processes, and start it again."""
    made.kill(name, signal.SIGKILL)
    made.start(name)
    if name == "redis":
        until(lambda: answers(made), PATIENCE_S)


OWN_USERS = Scenario("own-users", play, limit_s=900)
