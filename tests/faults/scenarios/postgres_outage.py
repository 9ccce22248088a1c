"""PostgreSQL away while ticks come in at a live rate: nothing is lost, and the backlog goes faster than it came."""

import signal
import time

from app.bus.groups import group_state
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import wait_drained, wait_up
from tests.faults.harness.processes import ingest_command, victim
from tests.faults.harness.world import world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

RATE_PER_S = 2_000
CATCH_UP_LIMIT = 5.0
CATCH_UP_DEADLINE_S = 180.0
CAUGHT_UP = 500  # Entries behind that are the live feed's own.


def play(trial: Trial) -> Outcome:
    """Feed for a while, stop PostgreSQL, feed on, start it, and time the catching up under the going feed."""
    away_s = trial.pick(5, 120)
    ledger = Ledger(trial.directory / "ledger", RATE_PER_S * (away_s + 60))
    with world(trial) as own, victim(own, ingest_command("one", 1000), "one") as one:
        one.start()
        client = own.stores.redis
        wait_up(client, "one", one)
        with feeding(Feed(source_publisher(client), ledger, portion=50, rate_per_s=RATE_PER_S)) as feed:
            feed.allow(ledger.size)
            feed.wait(lambda: feed.done > RATE_PER_S)
            own.postgres.stop(signal.SIGQUIT)
            began, before = time.monotonic(), feed.done
            trial.say(f"PostgreSQL is away for {away_s} s")
            feed.wait(lambda: time.monotonic() - began >= away_s, away_s + 30)
            rate = (feed.done - before) / (time.monotonic() - began)
            own.postgres.start()
            back_at, backlog, published = time.monotonic(), group_state(client).behind, feed.done
            until(lambda: one.check() and group_state(client).behind <= CAUGHT_UP, CATCH_UP_DEADLINE_S)
            caught_up_s = time.monotonic() - back_at
            stored_per_s = (backlog + feed.done - published) / caught_up_s
            feed.allow(feed.done)
        wrong = wait_drained(own)
        code = one.end()
        found = audit(own.sessions, ledger)
    factor = stored_per_s / RATE_PER_S
    wrong += found.wrong() + ([f"the ingestor ended with {code}"] if code else [])
    slow = [f"caught up at {factor:.1f} times the live rate"] if factor < CATCH_UP_LIMIT else []
    slow += [f"the feed reached only {rate:,.0f} ticks/s"] if rate < RATE_PER_S * 0.95 else []
    shown = {
        "away s": away_s,
        "ticks/s": round(rate),
        "backlog": backlog,
        "caught up s": round(caught_up_s, 1),
        "times live rate": round(factor, 1),
    }
    return Outcome(found.figures() | shown, wrong, slow)


POSTGRES_OUTAGE = Scenario("postgres-outage", play, limit_s=400)
