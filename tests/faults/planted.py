"""The planted bugs: each with the scenario or the tests that must see it, and the words by which they say so."""

import re
import subprocess
import sys
from dataclasses import dataclass, replace

from tests.faults.scenario import Outcome, Scale, Scenario, Trial
from tests.faults.scenarios.collector_kills import COLLECTOR_KILLS
from tests.faults.scenarios.damaged_purge import DAMAGED_PURGE
from tests.faults.scenarios.export_kills import EXPORT_KILLS
from tests.faults.scenarios.group_loss import GROUP_LOSS
from tests.faults.scenarios.ingestor_kills import INGESTOR_KILLS
from tests.faults.scenarios.job_kills import JOB_KILLS
from tests.faults.scenarios.restore_drill import RESTORE_DRILL
from tests.faults.scenarios.stale_holder import STALE_HOLDER
from tests.tree import ROOT

INTEGRATION = "tests/integration/app"
TESTS_S = 100
FAILED_TESTS = 1  # What pytest ends with when tests failed, and nothing else went wrong.


@dataclass(frozen=True)
class Planted:
    """A bug of `tests.faults.mutants`; its scenario passes without it, and must complain of `evidence` with it."""

    bug: str
    scenario: Scenario
    evidence: str

    @property
    def judge(self) -> str:
        """What must see it."""
        return self.scenario.name

    def is_caught(self, trial: Trial) -> bool:
        """Whether the scenario's quick form sees the bug. Raises when the bug cannot be planted."""
        outcome = self.scenario.run(replace(trial, scale=Scale.QUICK, planted=self.bug))
        trial.say(f"{self.bug}: {outcome.wrong[0] if outcome.wrong else 'not seen'}")
        return any(self.evidence in sentence for sentence in outcome.wrong)


@dataclass(frozen=True)
class PlantedInTests:
    """A bug that tests see, all of which pass without it; each must fail with it, and one say `evidence`."""

    bug: str
    tests: tuple[str, ...]
    evidence: str

    @property
    def judge(self) -> str:
        """What must see it."""
        return " and ".join(self.tests)

    def is_caught(self, trial: Trial) -> bool:
        """Whether every one of the tests fails of the bug. Raises when the bug cannot be planted."""
        words = [
            "-m",
            "tests.faults.mutants",
            self.bug,
            "pytest",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            *self.tests,
        ]
        told = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=TESTS_S)
        if told.returncode != FAILED_TESTS:
            trial.say(f"{self.bug}: not seen")
            if told.returncode:
                raise RuntimeError(f"{self.bug} was not tried: {(told.stdout + told.stderr)[-500:]}")
            return False
        last = told.stdout.strip().splitlines()[-1]
        trial.say(f"{self.bug}: {last}")
        return re.match(r"\d+ failed in", last) is not None and self.evidence in told.stdout


PLANTED: tuple[Planted | PlantedInTests, ...] = (
    Planted("ack-before-commit", INGESTOR_KILLS, "acknowledged events are not stored"),
    Planted("new-entries-only", INGESTOR_KILLS, "acknowledged events are not stored"),
    Planted("group-at-the-end", GROUP_LOSS, "acknowledged events are not stored"),
    Planted("maxlen", COLLECTOR_KILLS, "acknowledged events are not stored"),
    Planted("seq-reset", COLLECTOR_KILLS, "sequence numbers did not increase"),
    Planted("stale-lease", STALE_HOLDER, "events of a stale holder were accepted"),
    Planted("temporary-in-glob", EXPORT_KILLS, ".tmp-"),
    Planted("purge-before-verify", DAMAGED_PURGE, "ticks are gone"),
    Planted("unfenced-finish", JOB_KILLS, "job "),
    Planted("backup-from-now-on", RESTORE_DRILL, "the stream's backup has 0 entries"),
    PlantedInTests(
        "no-order",
        (f"{INTEGRATION}/ticks/test_reading.py::test_pages_are_in_the_order_of_events_whatever_the_order_of_storing",),
        "!= [1, 2, 3]",
    ),
    PlantedInTests(
        "commit-swallowed",
        (
            f"{INTEGRATION}/ingest/test_storing.py::test_a_server_that_is_away_is_unavailable",
            f"{INTEGRATION}/ingest/test_storing.py::test_a_batch_that_was_not_stored_is_not_counted",
        ),
        "DID NOT RAISE Unavailable",
    ),
    PlantedInTests(
        "block-beyond-timeout",
        (
            f"{INTEGRATION}/bus/test_groups.py::test_a_wait_for_news_ends_without_an_error_where_there_are_none",
            f"{INTEGRATION}/api/sse/test_tail.py::test_a_wait_for_news_is_over_before_its_connection_is_given_up",
        ),
        "redis.exceptions.TimeoutError",
    ),
    PlantedInTests(
        "csrf-off",
        ("tests/functional/admin/test_login.py::test_no_change_of_any_kind_is_made_without_the_token",),
        "== {400}",
    ),
)


def play(trial: Trial) -> Outcome:
    """Each bug in the quick form of its scenario."""
    missed = []
    for planted in PLANTED:
        directory = trial.directory / planted.bug
        directory.mkdir()
        if not planted.is_caught(replace(trial, directory=directory)):
            missed.append(f"{planted.bug} was not seen by {planted.judge}")
    return Outcome({"planted": len(PLANTED), "caught": len(PLANTED) - len(missed)}, missed)


PLANTED_BUGS = Scenario("planted-bugs", play, limit_s=500)
