"""Entries of broken and hostile producers among good ones: each put aside once, its neighbours stored."""

import time

from sqlalchemy import text

from app.bus import keys
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import wait_drained, wait_up
from tests.faults.harness.processes import ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.poison import POISON

KINDS = 40


def play(trial: Trial) -> Outcome:
    """Every so many good ticks one bad entry, all kinds in turn; the ingestor must not restart."""
    every, rounds = trial.pick(100, 1_000), trial.pick(1, 3)
    count = len(POISON) * rounds
    ledger = Ledger(trial.directory / "ledger", every * count)
    began = time.monotonic()
    with world(trial) as own, victim(own, ingest_command("one", 1000), "one") as one:
        one.start()
        wait_up(own.stores.redis, "one", one)
        with feeding(Feed(source_publisher(own.stores.redis), ledger, portion=100)) as feed:
            added = _mix(own, feed, every, count)
        wrong = wait_drained(own)
        one.check()
        code = one.end()
        found, letters = audit(own.sessions, ledger), _letters(own)
    wrong += found.wrong(dead=count) + ([f"the ingestor ended with {code}"] if code else [])
    if letters != added:
        wrong.append(f"{len(added - letters)} bad entries have no dead letter, {len(letters - added)} good ones have")
    if len(POISON) < KINDS:
        wrong.append(f"there are only {len(POISON)} kinds of bad entries")
    shown = {"kinds": len(POISON), "bad entries": count, "dead letters": found.dead}
    return Outcome(found.figures() | shown | {"wall s": round(time.monotonic() - began)}, wrong)


def _mix(own: World, feed: Feed, every: int, count: int) -> set[str]:
    added, kinds = set(), list(POISON.values())
    for number in range(count):
        feed.allow(every * (number + 1))
        feed.wait()
        entry_id = own.stores.raw_redis.execute_command("XADD", keys.STREAM, "*", *kinds[number % len(kinds)])
        added.add(entry_id.decode())
    return added


def _letters(own: World) -> set[str]:
    with own.sessions() as session:
        return set(session.scalars(text("SELECT stream_id FROM dead_letters")))


POISONED = Scenario("poison", play, limit_s=300)
