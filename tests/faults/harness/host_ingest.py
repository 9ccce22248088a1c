"""Ingestors of two hosts on one stream; one host is gone at once in the middle of its work."""

import time
from collections.abc import Callable

from app.bus import keys
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import pending_of, wait_at_work, wait_drained
from tests.faults.harness.processes import flask_command
from tests.faults.harness.site import HOSTS, Site
from tests.faults.scenario import Outcome

RATE_PER_S = 2_000
TAKEN_OVER_S = 90.0


def ingest_by_command(own: Site, events: int) -> Outcome:
    """An ingestor on each host by `flask redis-to-postgres`, which names itself; the first host is gone for good."""
    for name in HOSTS:
        own.start(name, flask_command("redis-to-postgres", "--batch-size", "500"), "ingest")
    names = {name: f"cli-{name}" for name in HOSTS}
    for name, consumer in names.items():
        own.wait(lambda name=name, consumer=consumer: own.holder(keys.ingest_lease(consumer)) == name, consumer)
    return _crash_in_the_middle(own, events, names[HOSTS[0]], lambda: HOSTS[0], again=False)


def ingest_by_workers(own: Site, say: Callable[[str], None], events: int) -> Outcome:
    """Two of the workers' loops, wherever they run; the host of the first is gone, and the loop goes to the other."""
    slots = [keys.worker_consumer(slot) for slot in (1, 2)]
    own.wait(lambda: all(own.holder(keys.ingest_lease(one)) for one in slots), "two loops")
    say(f"the loops are on {', '.join(own.holder(keys.ingest_lease(one)) for one in slots)}")
    return _crash_in_the_middle(own, events, slots[0], lambda: own.holder(keys.ingest_lease(slots[0])), again=True)


def _crash_in_the_middle(own: Site, events: int, consumer: str, host: Callable[[], str], *, again: bool) -> Outcome:
    client, ledger = own.world.stores.redis, Ledger(own.world.directory / "ledger", events)
    publisher = source_publisher(client)
    with feeding(Feed(publisher, ledger, rate_per_s=RATE_PER_S, portion=100)) as feed:
        feed.allow(events // 3)
        feed.wait(lambda: own.world.stored() > 0)
        feed.allow(events)
        gone = host()
        wait_at_work(client, consumer)
        own.hosts[gone].crash()
        at, held = time.monotonic(), pending_of(client, consumer)
        own.wait(lambda: not pending_of(client, consumer), "taking over what the dead had in hand", TAKEN_OVER_S)
        took_s = time.monotonic() - at
        if again:
            own.wait(lambda: own.holder(keys.ingest_lease(consumer)) == own.other(gone), "the loop on the other host")
        again_s = time.monotonic() - at
        feed.wait()
    wrong = wait_drained(own.world)
    publisher.release()
    found, accounts = audit(own.world.sessions, ledger), settle_accounts(own.world)
    times = {"in hand": held, "taken over after s": round(took_s, 1)}
    times |= {"loop there again after s": round(again_s, 1)} if again else {}
    return Outcome(found.figures() | times, wrong + found.wrong() + accounts.wrong(found))
