"""Workers on two hosts beside the server's: one is gone at once, the cable of one is pulled, and the other goes on."""

from collections.abc import Sequence
from typing import Final

from tests.faults.harness.host_collectors import collect_on_both
from tests.faults.harness.host_ingest import ingest_by_command, ingest_by_workers
from tests.faults.harness.host_jobs import work_on_both
from tests.faults.harness.site import HOSTS, Site, site
from tests.faults.scenario import Outcome, Scale, Scenario, Trial
from tests.machines import why_no_machines

QUEUES: Final = ("collectors", "ingest", "export", "analysis")
INGESTORS: Final = "2"


def play(trial: Trial) -> Outcome:
    """In full all queues on both hosts; in small an ingestor on each."""
    if reason := why_no_machines():
        trial.say(f"not played: {reason}")
        return Outcome({"not played": reason})
    if trial.scale is Scale.QUICK:
        with site(trial, control=False) as own:
            return _together([ingest_by_command(own, 20_000)])
    with site(trial, ingestors=INGESTORS) as own:
        start_workers(own, *HOSTS)
        parts = [collect_on_both(own, trial.say)]
        parts.append(work_on_both(own, trial.say, start_workers))
        parts.append(ingest_by_workers(own, trial.say, 100_000))
        return _together(parts)


def start_workers(own: Site, *names: str) -> None:
    """Have every queue's worker on these hosts, and wait until all of them are ready."""
    for name in names:
        for queue in QUEUES:
            own.start_worker(name, queue)
    for name in names:
        for queue in QUEUES:
            own.wait(lambda name=name, queue=queue: " ready." in own.log(name, queue), f"{queue} on {name}")


def _together(parts: Sequence[Outcome]) -> Outcome:
    figures = {name: value for part in parts for name, value in part.figures.items()}
    return Outcome(figures, [sentence for part in parts for sentence in part.wrong])


TWO_HOSTS = Scenario("two-hosts", play, limit_s=900)
