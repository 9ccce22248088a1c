"""An ingestor stands still with entries in its hands: another takes them over, and nobody stores them twice."""

import time

from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import pending_of, wait_at_work, wait_drained, wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial

SHARE = 10_000
ATTEMPTS = 5
TAKEN_OVER_LIMIT_S = 35.0  # Until the lease has expired, its entries count as lost, and somebody looks.


def play(trial: Trial) -> Outcome:
    """Freeze one of two at work, let the other end everything, wake it, and go on."""
    freezes, frozen_s = trial.pick(1, 5), trial.pick(1, 30)
    ledger = Ledger(trial.directory / "ledger", SHARE * (ATTEMPTS + 2) * freezes)
    taken_over_s, held = list[float](), 0
    with (
        world(trial) as own,
        victim(own, ingest_command("one"), "one") as one,
        victim(own, ingest_command("two"), "two") as two,
    ):
        for name, process in {"one": one, "two": two}.items():
            process.start()
            wait_up(own.stores.redis, name, process)
        stuck: list[str] = []
        with feeding(Feed(source_publisher(own.stores.redis), ledger)) as feed:
            for number in range(1, freezes + 1):
                held += _freeze_at_work(own, feed, one)
                frozen_at = time.monotonic()
                feed.allow(feed.done + SHARE)
                feed.wait()
                stuck += wait_drained(own)
                taken_over_s.append(time.monotonic() - frozen_at)
                trial.say(f"freeze {number}: everything was stored {taken_over_s[-1]:.1f} s later by the other")
                time.sleep(max(0.0, frozen_at + frozen_s - time.monotonic()))
                one.thaw()
        wrong = wait_drained(own)
        ends = [one.end(), two.end()]
        found, accounts = audit(own.sessions, ledger), settle_accounts(own)
    wrong += found.wrong() + accounts.wrong(found) + [f"an ingestor ended with {code}" for code in ends if code]
    wrong += [] if held else ["it never had anything in its hands: the trial shows nothing"]
    longest_s = max(taken_over_s)
    slow = [f"while one stood still: {sentence}" for sentence in stuck]
    slow += [f"taken over after {longest_s:.1f} s"] if longest_s > TAKEN_OVER_LIMIT_S else []
    shown = {"freezes": freezes, "entries in its hands": held, "taken over s": round(longest_s, 1)}
    return Outcome(found.figures() | accounts.figures() | shown, wrong, slow)


def _freeze_at_work(own: World, feed: Feed, one: Victim) -> int:
    for _ in range(ATTEMPTS):
        feed.wait()
        feed.allow(feed.done + SHARE)
        wait_at_work(own.stores.redis, "one")
        one.freeze()
        if held := pending_of(own.stores.redis, "one"):
            return held
        one.thaw()
    return 0


INGESTOR_FREEZE = Scenario("ingestor-freeze", play, limit_s=400)
