"""One soak from its beginning to its end."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

from app.bus import keys
from app.bus.hashes import read_hash
from app.errors import Unavailable
from app.operations.demo import DemoDays, DemoPlan, run_demo
from app.operations.exporting import exports_of
from app.operations.wishes import SIMULATED, unwant
from benchmarks.soak.accounts import Accounts, settle
from benchmarks.soak.desk import FEED, SUPERVISOR, Desk, Kept, running_desk, wait_for
from benchmarks.soak.faults import FAULTS, OUTAGES, draw
from benchmarks.soak.progress import Recovery, parts_of, watch
from benchmarks.soak.record import SOURCE, SYMBOLS, Held, Record, hold, remove_one, stored_rows
from benchmarks.soak.samples import sample, write
from benchmarks.soak.work import Follower, Workload, keep_flower_full

SAMPLE_EVERY_S: Final = 5.0
SETTLE_S: Final = 120.0
MARGIN_S: Final = 2.0
PAST_SYMBOLS: Final = ("ES", "NQ", "CL")
PAST_ATTEMPTS: Final = 3
SAMPLES, RECOVERIES = "samples.csv", "faults.csv"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long, with how many quotes a second and clients, with a fault every so many seconds or none.

    With `outages` no process of Thor's is killed, but what they depend on fails.
    """

    folder: Path
    minutes: float
    rate: float
    clients: int
    faults_every_s: float
    seed: int
    lose: bool = False
    outages: bool = False

    @property
    def faults(self) -> int:
        """How many there are; after the last one is time to recover."""
        return max(0, int(self.minutes * 60 / self.faults_every_s) - 1) if self.faults_every_s else 0


@dataclass(frozen=True)
class Outcome:
    """What a run showed."""

    folder: Path
    held: Held
    accounts: Accounts
    recoveries: Sequence[Recovery]
    remarks: Sequence[str] = field(default_factory=list)

    def wrong(self) -> list[str]:
        """What breaks a promise, memory left out, as sentences."""
        still = [f"{', '.join(one.missing)} did nothing more after: {one.fault}" for one in self.recoveries]
        return [
            *self.held.wrong(),
            *self.accounts.wrong(self.held),
            *(told for told, one in zip(still, self.recoveries, strict=True) if one.missing),
        ]


def soak(plan: Plan, say: Say) -> Outcome:
    """Run as planned; the files lie in the plan's folder."""
    with running_desk(plan.folder) as desk, ExitStack() as closing:
        say(f"Everything runs, its files are in {plan.folder}")
        days = _take_past(desk, say)
        record = _start_feed(desk, plan)
        web = desk.url("web")
        followers = [Follower(web, symbol) for symbol in _followed(plan.clients)]
        workload = Workload(web, _new_key(desk), sorted(days.traded), lambda day: _export(desk, day))
        closing.callback(workload.close)
        recoveries = _strike(desk, plan, followers, record, say)
        workload.close()
        say("Waiting until everything is stored")
        _end_feeds(desk, record)
        accounts, held = settle(desk), hold(record, stored_rows(desk.stores.sessions))
    remarks = [
        f"stream: {sum(one.quotes for one in followers):,} quotes to {len(followers)} clients, "
        f"{sum(one.repeated for one in followers):,} repeated, {sum(one.resets for one in followers)} resets",
        f"asked: {workload.done}, refused meanwhile: {workload.failed}",
    ]
    return Outcome(plan.folder, held, accounts, recoveries, remarks)


def _take_past(desk: Desk, say: Say) -> DemoDays:
    # A machine that is busy with other things takes longer than the demo waits; again it finds what it has done.
    plan = DemoPlan(PAST_SYMBOLS, sessions=2)
    for _ in range(PAST_ATTEMPTS - 1):
        try:
            return run_demo(desk.stores, plan, say, Event())
        except Unavailable as error:
            say(str(error))
    return run_demo(desk.stores, plan, say, Event())


def _start_feed(desk: Desk, plan: Plan) -> Record:
    began, size = datetime.now(UTC), int(plan.minutes * 60 * plan.rate)
    began_us = (began - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    path = plan.folder / "record"
    record = Record(path, size, began, plan.rate, lambda ts: desk.stores.market.window_of(ts).day)
    command = [sys.executable, "-m", "benchmarks.soak.feed", str(path), str(size), str(began_us), str(plan.rate)]
    desk.others[FEED] = Kept(command, desk.environment, plan.folder / "feed.log")
    return record


def _strike(desk: Desk, plan: Plan, followers: Sequence[Follower], record: Record, say: Say) -> list[Recovery]:
    began, over = time.monotonic(), Event()
    sampling = Thread(target=_sample, args=(desk, plan, began, over), daemon=True)
    sampling.start()
    Thread(target=keep_flower_full, args=(desk, over), daemon=True).start()
    try:
        recoveries, parts = list[Recovery](), parts_of(desk, followers)
        drawn = draw(plan.faults, plan.seed, OUTAGES if plan.outages else FAULTS)
        say(f"Faults, by the seed {plan.seed}: {', '.join(fault.name for fault in drawn) or 'none'}")
        for number, fault in enumerate(drawn, start=1):
            _wait_until(began + number * plan.faults_every_s)
            at_s = time.monotonic() - began
            fault.strike(desk)
            recoveries.append(watch(parts, fault.name, at_s, began + (number + 1) * plan.faults_every_s - MARGIN_S))
            _note(plan.folder / RECOVERIES, recoveries[-1], say)
            if plan.lose and number == (plan.faults + 1) // 2:
                say(f"Event {remove_one(desk.stores.sessions, record)} is removed behind everybody's back")
        _wait_until(began + plan.minutes * 60)
        return recoveries
    finally:
        over.set()
        sampling.join(SETTLE_S)


def _sample(desk: Desk, plan: Plan, began: float, over: Event) -> None:
    while not over.wait(SAMPLE_EVERY_S):
        write(plan.folder / SAMPLES, sample(time.monotonic() - began, desk.pids(), alone=[SUPERVISOR]))


def _note(path: Path, recovery: Recovery, say: Say) -> None:
    parts = " ".join(f"{name}={took_s}" for name, took_s in recovery.took_s.items())
    with path.open("a") as file:
        file.write(f"{recovery.at_s:.0f},{recovery.fault},{recovery.longest_s},{parts}\n")
    say(f"{recovery.at_s:6.0f} s  {recovery.fault:34} all again after {recovery.longest_s} s  ({parts})")


def _end_feeds(desk: Desk, record: Record) -> None:
    unwant(desk.stores, SIMULATED)
    client = desk.stores.redis
    wait_for(lambda: record.next_index == record.size, SETTLE_S, "the feed to make its last event")
    waiting = "the feed's spool to be empty"
    wait_for(lambda: read_hash(client, keys.health(SOURCE)).get("spooled") == "0", SETTLE_S, waiting)
    desk.others.pop(FEED).end()
    # The last events were accepted, though nobody has asked the feed for more since.
    wait_for(lambda: not client.exists(keys.lease(SIMULATED)), SETTLE_S, "the simulated feed to stop")


def _export(desk: Desk, day: date) -> None:
    for export in exports_of(desk.stores, day, PAST_SYMBOLS):
        desk.stores.dispatch.export_session(export.market, day)


def _new_key(desk: Desk) -> str:
    done = desk.run("key", "add", "soak", "--role=operator")
    if done.returncode:
        raise RuntimeError(f"no key was made:\n{done.stderr[-2000:]}")
    return done.stdout.strip()


def _followed(clients: int) -> list[str]:
    return [SYMBOLS[number % len(SYMBOLS)] for number in range(clients)]


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
