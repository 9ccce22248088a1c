"""kill -9 of the workers at every boundary of every stage before an open, and inside of each."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from sqlalchemy import select

from app.jobs.models import AnalysisJob
from app.jobs.service import FINISHED
from app.market.markets import market
from app.premarket.definition import AHEAD, STAGES, Stage
from app.premarket.models import PremarketStage
from app.premarket.rows import ENDED, PREPARED
from tests.faults.harness.desk import MARKET, Desk, desk
from tests.faults.harness.world import world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.faults.scenarios.ladder_month import Judged, judged, paths_of

DAY: Final = date(2025, 11, 25)
LOOK_S: Final = 0.01
# How a late end is no fault: who was killed is missed for half a minute before its work is taken up again.
PATIENCE_S: Final = 150.0


@dataclass(frozen=True)
class Moment:
    """A point in a stage's life, recognised from its row and its analyses, and the workers that are killed there."""

    name: str
    queues: tuple[str, ...]
    holds: Callable[[PremarketStage, list[AnalysisJob]], bool]


def _is_due(row: PremarketStage, _jobs: list[AnalysisJob]) -> bool:
    return row.status == "planned"


def _is_being_prepared(row: PremarketStage, _jobs: list[AnalysisJob]) -> bool:
    return row.status == "started" and PREPARED not in row.detail


def _is_analysed(row: PremarketStage, jobs: list[AnalysisJob]) -> bool:
    return row.status == "started" and any(job.status == "running" for job in jobs)


def _is_to_finish(row: PremarketStage, jobs: list[AnalysisJob]) -> bool:
    return row.status == "started" and bool(jobs) and all(job.status in FINISHED for job in jobs)


MOMENTS: Final = (
    Moment("due", ("control", "export", "analysis"), _is_due),
    Moment("preparing", ("export",), _is_being_prepared),
    Moment("analysing", ("analysis",), _is_analysed),
    Moment("finishing", ("control",), _is_to_finish),
)
# In the quick form nobody has to be missed for half a minute.
QUICK: Final = {("comprehensive", "preparing"), ("report", "finishing")}


def play(trial: Trial) -> Outcome:
    """Climb one day's ladder, killing at every moment of every stage."""
    history = trial.pick(6, 45)
    wanted = set(QUICK) if trial.pick(0, 1) == 0 else {(stage, one.name) for stage in AHEAD for one in MOMENTS}
    where = market(MARKET)
    lived = where.sessions(DAY, DAY + timedelta(days=1))
    before = where.sessions(DAY - timedelta(days=120), DAY)[-history:]
    paths = paths_of(trial)
    met = Counter[str]()
    with world(trial) as own, desk(own, [*before, *lived], paths, history, where) as running:
        running.go_to(lived[0].open + timedelta(minutes=1))
        running.until(lambda: set(running.stages(DAY)) == set(STAGES))
        climb = running.climb(DAY)
        assert climb is not None
        for rung in climb.rungs:
            running.go_to(rung.planned_at)
            for moment in MOMENTS:
                if (rung.stage, moment.name) in wanted and _kill(running, rung.stage, moment):
                    met[moment.name] += 1
            running.until(partial(running.has_ended, DAY, rung.stage), PATIENCE_S)
            trial.say(f"{rung.stage}: {running.stages(DAY)[rung.stage].status} after {sum(met.values())} kills")
        found = judged(own, [DAY], len(paths))
    return Outcome({"kills": sum(met.values()), **met}, list(_wrong(found, met, wanted)))


def _kill(running: Desk, stage: Stage, moment: Moment) -> bool:
    """Wait for the moment, kill, and start again what was killed; False when the moment was over before."""
    deadline = time.monotonic() + PATIENCE_S
    while not moment.holds(*_state(running, stage)):
        if running.has_ended(DAY, stage) or time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    for queue in moment.queues:
        running.workers[queue].kill()
    for queue in moment.queues:
        running.workers[queue].start()
    return True


def _state(running: Desk, stage: Stage) -> tuple[PremarketStage, list[AnalysisJob]]:
    row = running.stages(DAY)[stage]
    with running.world.sessions() as session:
        jobs = session.scalars(select(AnalysisJob).where(AnalysisJob.id.in_(list(row.jobs.values())))).all()
    return row, list(jobs)


def _wrong(found: Judged, met: Counter[str], wanted: set[tuple[str, str]]) -> Iterator[str]:
    # Of many chances to hit a short moment some are missed, but not all.
    yield from (f"no kill while {name}" for name in sorted({name for _, name in wanted}) if not met[name])
    own = [row for row in found.stages if row.session_date == DAY]
    yield from (f"{row.stage} never ended" for row in own if row.status not in ENDED)
    yield from (
        sentence for sentence in found.wrong() if not (" is late: []" in sentence or " is DEGRADED: " in sentence)
    )
    yield from (f"{row.session_date} is {row.verdict}" for row in found.reports if row.verdict in ("MISSING", None))


LADDER_KILLS = Scenario("ladder-kills", play, limit_s=1_500)
