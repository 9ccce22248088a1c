"""A month before the opens, through beat and workers: two changes of the calendar, a holiday and an early close."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import func, select

from app.desk.events import EventKey, find_event
from app.jobs.models import AnalysisJob, AnalysisResult
from app.jobs.service import FINISHED
from app.market.markets import market
from app.market.sessions import Session
from app.premarket.definition import STAGES
from app.premarket.models import PremarketReport, PremarketStage
from tests.faults.harness.desk import MARKET, Desk, desk
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.made_lakes import Ints, walk_of

# Clocks go back on Sunday, November 2, 2025; the 27th is Thanksgiving, and the day after it closes early.
MONTH: Final = (date(2025, 10, 31), date(2025, 12, 1))
THANKSGIVING: Final = (date(2025, 11, 27), date(2025, 11, 28))
SYMBOLS: Final = {"ES": 1, "NQ": 2}
AHEAD: Final = timedelta(minutes=25)
SETTLED: Final = timedelta(minutes=15)
JOINT: Final = {"predictions": 1, "composite": 1, "report": 1, "verify": 0}


@dataclass(frozen=True)
class Judged:
    """What is recorded of the month's ladders."""

    days: Sequence[date]
    stages: Sequence[PremarketStage]
    reports: Sequence[PremarketReport]
    jobs: Sequence[AnalysisJob]
    results: int
    symbols: int = len(SYMBOLS)

    @property
    def expected(self) -> dict[str, int]:
        """How many analyses each stage has: one of each symbol, or one of all."""
        return {"comprehensive": self.symbols, "patterns": self.symbols, **JOINT}

    def figures(self) -> dict[str, object]:
        """The figures of the table."""
        leads = [(row.opens_at - row.made_at).total_seconds() / 60 for row in self.reports if row.made_at]
        verdicts = [row.verdict or "none" for row in self.reports]
        counts = {name: verdicts.count(name) for name in dict.fromkeys(verdicts)}
        return {
            "sessions": len(self.days),
            "analyses": len(self.jobs),
            "latest report, min ahead": min(leads),
            **counts,
        }

    def wrong(self) -> list[str]:
        """What breaks the promise, as sentences."""
        return [*self._days(), *self._stages(), *self._reports(), *self._jobs()]

    def _days(self) -> list[str]:
        begun = {row.session_date for row in self.stages if row.status != "planned"}
        return [f"{day}: no ladder" for day in self.days if day not in begun] + [
            f"{day}: a ladder on a day without a cash session" for day in sorted(begun - set(self.days))
        ]

    def _stages(self) -> list[str]:
        rows = [row for row in self.stages if row.session_date in self.days]
        found = [
            f"{row.session_date}: {row.stage} is {row.status}: {row.reasons}" for row in rows if row.status != "done"
        ]
        for row in rows:
            if len(row.jobs) != self.expected[row.stage]:
                found.append(f"{row.session_date}: {row.stage} has the analyses {row.jobs}")
        counted = [(row.session_date, row.stage) for row in rows]
        return found + [
            f"{day}: {name} is missing" for day in self.days for name in STAGES if (day, name) not in counted
        ]

    def _reports(self) -> list[str]:
        rows = [row for row in self.reports if row.session_date in self.days]
        late = [row for row in rows if row.made_at is None or row.opens_at - row.made_at < AHEAD]
        found = [f"{row.session_date}: its report is of {row.made_at}, the open at {row.opens_at}" for row in late]
        return found + [f"{row.session_date} is {row.verdict}: {row.reasons}" for row in rows if row.verdict != "READY"]

    def _jobs(self) -> list[str]:
        expected = len(self.days) * sum(self.expected.values())
        odd = [f"analysis {job.id} is {job.status}: {job.error}" for job in self.jobs if job.status != "done"]
        told = {number for row in self.stages for number in row.jobs.values()}
        strays = [f"analysis {job.id} belongs to no stage" for job in self.jobs if job.id not in told]
        if len(self.jobs) != expected:
            odd.append(f"{len(self.jobs)} analyses, {expected} expected")
        rows = sum(len(job.symbols) + 1 for job in self.jobs if job.status == "done")
        return odd + strays + ([] if rows == self.results else [f"{self.results} results, {rows} expected"])


def play(trial: Trial) -> Outcome:
    """Live through the month, or through the days around Thanksgiving; the judge reads what is recorded."""
    first, last = THANKSGIVING if trial.pick(0, 1) == 0 else MONTH
    history = trial.pick(6, 45)
    where = market(MARKET)
    lived = where.sessions(first, last + timedelta(days=1))
    before = where.sessions(first - timedelta(days=120), first)[-history:]
    paths = paths_of(trial)
    with world(trial) as own, desk(own, [*before, *lived], paths, history, where) as running:
        for hours in lived:
            live(running, hours)
            trial.say(f"{hours.day}: {_said(running, hours.day)}")
        found = judged(own, [one.day for one in lived if running.climb(one.day) is not None], len(paths))
    return Outcome(found.figures(), found.wrong())


def paths_of(trial: Trial) -> dict[str, Callable[[int], Ints]]:
    """Prices made by chance of the symbols, of the first alone in the quick form."""
    symbols = list(SYMBOLS.items())[: trial.pick(1, len(SYMBOLS))]
    return {symbol: lambda minutes, seed=seed: walk_of(seed, minutes) for symbol, seed in symbols}


def live(running: Desk, hours: Session) -> None:
    """Live through a session: its open, every stage of its ladder if it has one, its close."""
    running.go_to(hours.open + timedelta(minutes=1))
    climb = running.climb(hours.day)
    if climb is not None:
        running.until(lambda: set(running.stages(hours.day)) == set(STAGES))
        for rung in climb.rungs:
            running.go_to(rung.planned_at)
            running.until(lambda name=rung.stage: running.has_ended(hours.day, name))
    running.go_to(hours.close)
    running.go_to(hours.close + SETTLED)
    running.until(lambda: _is_closed(running, hours.day))


def judged(own: World, days: Sequence[date], symbols: int) -> Judged:
    """What is recorded by now."""
    with own.sessions() as session:
        stages = session.scalars(select(PremarketStage)).all()
        reports = session.scalars(select(PremarketReport).order_by(PremarketReport.session_date)).all()
        jobs = session.scalars(select(AnalysisJob).where(AnalysisJob.status.in_(FINISHED))).all()
        results = session.scalar(select(func.count()).select_from(AnalysisResult)) or 0
    return Judged(days, stages, [row for row in reports if row.session_date in days], jobs, results, symbols)


def _is_closed(running: Desk, day: date) -> bool:
    with running.world.sessions() as session:
        event = find_event(session, EventKey(MARKET, day, "close"))
        return event is not None and event.done_at is not None


def _said(running: Desk, day: date) -> str:
    row = running.report(day)
    return "no ladder" if row is None else f"{row.verdict} {'; '.join(row.reasons)}"


LADDER_MONTH = Scenario("ladder-month", play, limit_s=3_000)
