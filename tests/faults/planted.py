"""The planted bugs: each with the scenario that must see it, and the words by which it says so."""

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


@dataclass(frozen=True)
class Planted:
    """A bug of `tests.faults.mutants`; its scenario passes without it, and must complain of `evidence` with it."""

    bug: str
    scenario: Scenario
    evidence: str

    def is_caught(self, trial: Trial) -> bool:
        """Whether the scenario's quick form sees the bug. Raises when the bug cannot be planted."""
        outcome = self.scenario.run(replace(trial, scale=Scale.QUICK, planted=self.bug))
        trial.say(f"{self.bug}: {outcome.wrong[0] if outcome.wrong else 'not seen'}")
        return any(self.evidence in sentence for sentence in outcome.wrong)


PLANTED = (
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
)


def play(trial: Trial) -> Outcome:
    """Each bug in the quick form of its scenario."""
    missed = []
    for planted in PLANTED:
        directory = trial.directory / planted.bug
        directory.mkdir()
        if not planted.is_caught(replace(trial, directory=directory)):
            missed.append(f"{planted.bug} was not seen by {planted.scenario.name}")
    return Outcome({"planted": len(PLANTED), "caught": len(PLANTED) - len(missed)}, missed)


PLANTED_BUGS = Scenario("planted-bugs", play, limit_s=500)
