"""The consumer group is destroyed, and the bus is flushed, while ticks come in and a backlog waits."""

import time
from collections.abc import Callable

from app.bus import keys
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import wait_drained, wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

RATE_PER_S = 2_000
BACKLOG = 2_000
RUNNING_LIMIT_S = 10.0
RUNNING_DEADLINE_S = 60.0


def play(trial: Trial) -> Outcome:
    """Destroy the group twice, then flush the database; each time with entries that nobody has read yet."""
    ledger = Ledger(trial.directory / "ledger", trial.pick(40_000, 200_000))
    with world(trial) as own, victim(own, ingest_command("one"), "one") as one:
        one.start()
        wait_up(own.stores.redis, "one", one)
        with feeding(Feed(source_publisher(own.stores.redis), ledger, portion=50, rate_per_s=RATE_PER_S)) as feed:
            running_s = {
                "group destroyed": _strike(own, one, feed, _destroy),
                "destroyed again": _strike(own, one, feed, _destroy),
            }
            stuck = wait_drained(own)
            spared, before = audit(own.sessions, ledger), settle_accounts(own)
            running_s["flushed"] = _strike(own, one, feed, _flush)
        stuck += wait_drained(own)
        code = one.end()
        found, accounts = audit(own.sessions, ledger), settle_accounts(own)
    wrong = [*stuck, *spared.wrong(), *before.wrong(spared), *found.wrong(lost=found.lost), *accounts.wrong(found)]
    wrong += [] if found.lost else ["the flush cost nothing: the trial shows nothing"]
    wrong += [f"counted as lost are {accounts.losses}"] if set(accounts.losses) != {"stream_reset"} else []
    wrong += [f"the ingestor ended with {code}"] if code else []
    slow = [f"{name}: running again after {s:.1f} s" for name, s in running_s.items() if s > RUNNING_LIMIT_S]
    shown = {f"{name} s": round(seconds, 1) for name, seconds in running_s.items()}
    return Outcome(found.figures() | {"lost before the flush": spared.lost} | accounts.figures() | shown, wrong, slow)


def _strike(own: World, one: Victim, feed: Feed, blow: Callable[[World], None]) -> float:
    one.freeze()
    begun, stored = feed.done, own.stored()
    feed.allow(begun + 2 * BACKLOG)
    feed.wait(lambda: feed.done >= begun + BACKLOG)
    blow(own)
    one.thaw()
    struck_at = time.monotonic()
    until(lambda: one.check() and own.stored() > stored, RUNNING_DEADLINE_S)
    running_s = time.monotonic() - struck_at
    feed.wait()
    return running_s


def _destroy(own: World) -> None:
    own.stores.redis.xgroup_destroy(keys.STREAM, keys.INGEST_GROUP)


def _flush(own: World) -> None:
    own.stores.redis.flushdb()


GROUP_LOSS = Scenario("group-loss", play, limit_s=180)
