"""kill -9 of two beats that run at once, over a week of sessions whose time runs fast between opens and closes."""

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from app.alerts.models import Alert
from app.bus import keys
from app.desk.models import MarketEvent
from app.instruments.models import TradingInstrument
from app.market.markets import market
from tests.faults.harness.fast_clock import FastClock, write_plan
from tests.faults.harness.processes import Victim, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scale, Scenario, Trial
from tests.waiting import until

MARKET = "CME_Futures"
MONDAY, TUESDAY, SATURDAY = date(2025, 10, 6), date(2025, 10, 7), date(2025, 10, 11)
LATEST_S = 30.0
DEADLINE_S = 90.0
LOGGED_WITHIN_S = 5.0
CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "tests.faults.harness.fast_worker"]
POOLS = {"control": ("-P", "threads", "-c", "2"), "export": ("-P", "prefork", "-c", "1")}
START_S = 4.0
# On a machine that is busy a beat needs longer to begin than time lingers at an open or close: it stays as much longer.
STAYS_S, STAYS_AT_MOST_S = 5.0, 60.0
_DONE = re.compile(rf"{MARKET} (opened|has closed|closed) on (\d{{4}}-\d\d-\d\d)(?! \(None\))")
Event = tuple[date, str]


@dataclass(frozen=True)
class Pace:
    """How often beats tick and are killed, for how long time runs as usual before and after an open or close, and how
    fast else."""

    tick_s: float
    kill_s: float
    lead: timedelta
    linger: timedelta
    speed: float


FULL = Pace(15.0, 20.0, timedelta(seconds=3), timedelta(seconds=27), 5_000.0)
# A beat that is killed leaves no schedule: the next one sends its first tick a whole one after it has begun.
QUICK = Pace(1.0, 5.0, timedelta(seconds=2), timedelta(seconds=10), 50_000.0)


def play(trial: Trial) -> Outcome:
    """Play the week, or its first session; the judge reads what is recorded and what the workers logged."""
    full = trial.scale is Scale.FULL
    pace, due = (FULL, due_until(SATURDAY)) if full else (QUICK, due_until(TUESDAY))
    with world(trial) as own, ExitStack() as running:
        state = trial.directory / "state"
        state.mkdir(exist_ok=True)
        (state / "tick.json").write_text(json.dumps(pace.tick_s))
        hours = Hours(state / "clock.json", pace, due)
        hours.begin_at(time.time() + 3_600)
        _watch_one(own)
        workers = [running.enter_context(victim(own, worker_command(name), name)) for name in ("control", "export")]
        for one in workers:
            one.start()
        pulses = [keys.pulse(name) for name in ("control", "export")]
        until(lambda: all(one.check() for one in workers) and own.stores.redis.exists(*pulses) == 2, DEADLINE_S)
        # The first tick loads calendars and libraries; in the end it finds that the trial's clock is not the servers'.
        until(lambda: all(one.check() for one in workers) and _has_alerts(own), DEADLINE_S)
        hours.begin_at(time.time() + START_S)
        beats = [running.enter_context(victim(own, beat_command(own, name), name)) for name in ("one", "other")]
        kills = _kill(trial, own, hours, beats)
        until(lambda: _are_over(own, due), DEADLINE_S)
        with suppress(AssertionError):  # A line comes after what it is about; the judge names those that never come.
            until(lambda: not Found(due, _recorded(own), counted(_logs(own))).wrong(), LOGGED_WITHIN_S)
        found = Found(due, _recorded(own), counted(_logs(own)))
    return Outcome({"beats killed": kills, **found.figures()}, found.wrong(), found.slow() if full else [])


class Hours:
    """The trial's time, which runs fast between what is due and stays there until that was begun, for a minute more."""

    def __init__(self, plan: Path, pace: Pace, due: Mapping[Event, datetime]) -> None:
        self.pace = pace
        self.clock = FastClock(plan)
        self._plan, self._due = plan, due
        self._lingers = dict.fromkeys(due.values(), pace.linger)
        self._begins_s = 0.0

    def begin_at(self, real_s: float) -> None:
        """Let the first event be due at this time of the machine, but for the lead."""
        self._begins_s = real_s
        write_plan(self._plan, self._lingers, real_s, self.pace.lead, self.pace.speed)

    def stay(self, recorded: Mapping[Event, MarketEvent]) -> None:
        """Let time linger on where it is about to run off from an event that nobody has begun."""
        real_s = time.time()
        now = self.clock.at(real_s)
        waits = {at for event, at in self._due.items() if event not in recorded or recorded[event].started_at is None}
        current = max((at for at in self._lingers if at <= now), default=None)
        if current in waits and 0 < self.clock.rushes_in_s(real_s) < STAYS_S:
            most = self.pace.linger + timedelta(seconds=STAYS_AT_MOST_S)
            self._lingers[current] = min(self._lingers[current] + timedelta(seconds=STAYS_S), most)
            self.begin_at(self._begins_s)


def worker_command(queue: str) -> list[str]:
    """The command line of a queue's worker, as `flask up` has it, on the trial's clock."""
    return [*CELERY, "worker", "-Q", queue, "-I", f"workers.{queue}", "-n", f"{queue}@%h", *POOLS[queue]]


def beat_command(own: World, name: str) -> list[str]:
    """The command line of a beat, as `flask up` has it, with a schedule of its own."""
    return [*CELERY, "beat", "--loglevel", "INFO", "--schedule", str(own.directory / f"schedule-{name}"), "--pidfile="]


@dataclass(frozen=True)
class Found:
    """What is recorded of the events that were due, and how often each was logged as done."""

    due: Mapping[Event, datetime]
    rows: Mapping[Event, MarketEvent]
    logged: Mapping[tuple[str, str], int]

    def figures(self) -> dict[str, object]:
        """The figures of the table."""
        acted = sum(self.logged.get(key, 0) for _, key in self._expected() if key[0] != "closed")
        latest = f"{max(self.delays_s(), default=0):.0f} s"
        return {"opens and closes": len(self.due), "acted on": acted, "latest, simulated": latest}

    def delays_s(self) -> list[float]:
        """How long after they were due events were begun, in the trial's time."""
        begun = ((row.started_at, self.due[event]) for event, row in self.rows.items() if event in self.due)
        return [(started - due).total_seconds() for started, due in begun if started]

    def wrong(self) -> list[str]:
        """What was missed or done more than once."""
        missed = [event for event in self.due if event not in self.rows or self.rows[event].done_at is None]
        skipped = [event for event, row in self.rows.items() if row.status == "skipped"]
        counts = {key: self.logged.get(key, 0) for _, key in self._expected()}
        odd = [f"{' on '.join(key)} was logged {count} times" for key, count in counts.items() if count != 1]
        return [f"missed: {event}" for event in missed] + [f"skipped: {event}" for event in skipped] + odd

    def slow(self) -> list[str]:
        """Where an event was begun too late."""
        return [f"begun {delay_s:.0f} s late" for delay_s in self.delays_s() if delay_s > LATEST_S]

    def _expected(self) -> Iterator[tuple[Event, tuple[str, str]]]:
        for day, event in self.due:
            for word in ("opened",) if event == "open" else ("has closed", "closed"):
                yield (day, event), (word, day.isoformat())


def due_until(end: date) -> dict[Event, datetime]:
    """When each open and close of the week's sessions before a day is due."""
    found = {}
    for hours in market(MARKET).sessions(MONDAY, end):
        found[hours.day, "open"], found[hours.day, "close"] = hours.open, hours.close
    return found


def counted(logs: Iterator[str]) -> Counter[tuple[str, str]]:
    """How often each open, begin of a close, and close is logged as done."""
    return Counter(match.groups() for log in logs for match in _DONE.finditer(log))


def _watch_one(own: World) -> None:
    with own.sessions.begin() as session:
        session.execute(update(TradingInstrument).values(watch_position=None))
        session.execute(update(TradingInstrument).where(TradingInstrument.symbol == "ES").values(watch_position=1))


def _kill(trial: Trial, own: World, hours: Hours, beats: list[Victim]) -> int:
    """Kill one beat after the other, so that each lives for `kill_s`, until the last event is over."""
    kills = 0
    for beat in beats:
        beat.start()
    while time.time() < hours.clock.over_s:
        beat = beats[kills % len(beats)]
        time.sleep(hours.pace.kill_s / len(beats))
        beat.kill()
        beat.start()
        kills += 1
        hours.stay(_recorded(own))
        if kills % 10 == 0:
            trial.say(f"{kills} beats killed, it is {hours.clock.now():%A %H:%M} UTC in the trial")
    return kills


def _has_alerts(own: World) -> bool:
    with own.sessions() as session:
        return session.scalar(select(Alert.id).limit(1)) is not None


def _are_over(own: World, due: Mapping[Event, datetime]) -> bool:
    rows = _recorded(own)
    return all(event in rows and rows[event].done_at is not None for event in due)


def _recorded(own: World) -> dict[Event, MarketEvent]:
    with own.sessions() as session:
        rows = session.scalars(select(MarketEvent).where(MarketEvent.market == MARKET))
        return {(row.session_date, row.event): row for row in rows}


def _logs(own: World) -> Iterator[str]:
    return (path.read_text(errors="replace") for path in own.directory.glob("*.log"))


BEAT_KILLS = Scenario("beat-kills", play, limit_s=900)
