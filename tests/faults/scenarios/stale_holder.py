"""A collector stands still, loses its lease to another, and wakes: nothing of it may be accepted any more."""

import time

from redis import Redis

from app.bus import keys
from app.bus.stream import stream_state
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import SOURCE, Ledger
from tests.faults.harness.pipeline import wait_drained, wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.faults.scenarios.collector_kills import collector_command
from tests.waiting import until

EVENTS = 20_000
START_DEADLINE_S = 60.0
WATCHED_S = 1.5
END_WITHIN_S = 15.0
_EPOCH_BITS = 32


def play(trial: Trial) -> Outcome:
    """In each round the lease passes on while its holder stands still, as it does when it expires."""
    rounds = trial.pick(1, 10)
    ledger = Ledger(trial.directory / "ledger", 2 * EVENTS * rounds)
    stale = ended = 0
    with world(trial) as own, victim(own, ingest_command("one"), "one") as one:
        one.start()
        wait_up(own.stores.redis, "one", one)
        for number in range(1, rounds + 1):
            end = ledger.next_index + EVENTS  # Here the other one begins.
            with victim(own, collector_command(ledger.path, end, 100, 0.001), f"collector-{number}") as process:
                stale += _pass_on(own, ledger, process, end)
                ended += not stale and process.ends_within(END_WITHIN_S)
        wrong = wait_drained(own)
        found, accounts = audit(own.sessions, ledger), settle_accounts(own)
    wrong += found.wrong() + accounts.wrong(found)
    wrong += [f"{stale:,} events of a stale holder were accepted"] if stale else []
    wrong += [f"{rounds - ended} of {rounds} stale holders went on"] if ended < rounds else []
    return Outcome(found.figures() | {"rounds": rounds, "stale accepted": stale}, wrong)


def _pass_on(own: World, ledger: Ledger, old: Victim, end: int) -> int:
    client, accepted = own.stores.redis, int(ledger.acked.sum())
    old.start()
    until(lambda: old.check() and ledger.acked.sum() > accepted, START_DEADLINE_S)
    old.freeze()
    token = int(client.hget(keys.lease(SOURCE), "token") or 0)
    client.delete(keys.lease(SOURCE))
    publisher = source_publisher(client)
    with feeding(Feed(publisher, ledger, first=end, rate_per_s=2_000, portion=20)) as feed:
        begun = feed.done
        feed.allow(begun + EVENTS // 2)
        feed.wait(lambda: feed.done > begun)
        since = stream_state(client).last_id
        old.thaw()
        thawed_at = time.monotonic()
        feed.wait(lambda: time.monotonic() - thawed_at > WATCHED_S)
        found = _published_under(client, token, since)
        feed.allow(feed.done)
    publisher.release()
    return found


def _published_under(client: Redis, token: int, since: str) -> int:
    entries = client.xrange(keys.STREAM, f"({since}")
    return sum(int(words["seq"]) >> _EPOCH_BITS == token for _id, words in entries)


STALE_HOLDER = Scenario("stale-holder", play, limit_s=180)
