"""kill -9 of a collector in the middle of publishing, and answers to publishing that get lost on their way."""

import random
import sys
import time
from pathlib import Path

from app.bus import keys
from app.bus.connection import connect
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import wait_drained, wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.proxy import relayed
from tests.waiting import until

LONGEST_LIFE_S = 0.2
START_DEADLINE_S = 60.0
BACKLOG = 2_000
KILL_EVENTS, CUT_EVENTS = 50_000, 80  # More than are published between two kills, and between two cuts.


def collector_command(path: Path, end: int, portion: int, pause_s: float) -> list[str]:
    """The command line of a collector that publishes the ledger's events up to `end`."""
    return [sys.executable, "-m", "tests.faults.harness.collector", str(path), str(end), str(portion), str(pause_s)]


def play(trial: Trial) -> Outcome:
    """First the kills, then a feed whose answers are cut; one ingestor stores all of it."""
    kills, cuts = trial.pick(4, 30), trial.pick(60, 1_000)
    ledger = Ledger(trial.directory / "ledger", (kills + 1) * KILL_EVENTS + cuts * CUT_EVENTS)
    began = time.monotonic()
    with world(trial) as own, victim(own, ingest_command("one"), "one") as one:
        one.start()
        wait_up(own.stores.redis, "one", one)
        _kill(own, ledger, kills, trial)
        one.freeze()  # So that a backlog waits while the last one lives.
        _live_alone(own, ledger, kills, trial)
        one.thaw()
        in_doubt = int((ledger.attempted & ~ledger.acked).sum())
        cut = _cut(own, ledger, cuts, trial)
        stuck = wait_drained(own)
        found, accounts = audit(own.sessions, ledger), settle_accounts(own)
    wrong = stuck + found.wrong() + accounts.wrong(found) + ([f"only {cut} answers were cut"] if cut < cuts else [])
    shown = {"kills": kills, "in doubt": in_doubt, "cut answers": cut, "wall s": round(time.monotonic() - began)}
    return Outcome(found.figures() | accounts.figures() | shown, wrong)


def _kill(own: World, ledger: Ledger, kills: int, trial: Trial) -> None:
    chance = random.Random(20251009)
    command = collector_command(trial.directory / "ledger", kills * KILL_EVENTS, 100, 0.001)
    with victim(own, command, "collector") as process:
        for number in range(1, kills + 1):
            _live(process, ledger)
            time.sleep(chance.uniform(0, LONGEST_LIFE_S))
            process.kill()
            if number % 10 == 0:
                trial.say(f"{number} kills, {int(ledger.acked.sum()):,} events accepted")


def _live_alone(own: World, ledger: Ledger, kills: int, trial: Trial) -> None:
    with victim(own, collector_command(ledger.path, (kills + 1) * KILL_EVENTS, 100, 0.001), "collector") as process:
        _live(process, ledger, BACKLOG)
        process.end()


def _live(process: Victim, ledger: Ledger, count: int = 1) -> None:
    process.start()
    accepted = int(ledger.acked.sum())
    until(lambda: process.check() and ledger.acked.sum() >= accepted + count, START_DEADLINE_S)


def _cut(own: World, ledger: Ledger, cuts: int, trial: Trial) -> int:
    with relayed(own.valkey.url) as relay, connect(relay.url) as client:
        feed = Feed(source_publisher(client), ledger, portion=20)
        relay.lose_answers(keys.STREAM.encode(), cuts, share=0.5)
        with feeding(feed):
            feed.allow(ledger.size - CUT_EVENTS)
            feed.wait(lambda: relay.lost_answers >= cuts or feed.done >= feed.allowed)
            feed.allow(feed.done + CUT_EVENTS)
            feed.wait()
        trial.say(f"{relay.lost_answers} answers cut, {ledger.unanswered} batches in doubt for a while")
        return relay.lost_answers


COLLECTOR_KILLS = Scenario("collector-kills", play, limit_s=400)
