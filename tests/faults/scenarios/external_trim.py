"""Somebody trims the stream by hand: what was pending and what was never read are gone, and counted exactly."""

from contextlib import ExitStack

from app.bus import keys
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial

PENDING, UNREAD, KEPT = 100, 900, 500
EXPECTED = {"trimmed_pending": PENDING, "trimmed_unread": UNREAD - KEPT}
DRAIN_S = 60


def play(trial: Trial) -> Outcome:
    """Hand 100 entries to a reader that never answers, cut 1,000 to 500, and let an ingestor go on.

    The reader is the ingestor itself from before a kill; in the full form also another that never comes back.
    """
    readers = ["one"] if trial.pick(0, 1) == 0 else ["one", "gone"]
    wrong: list[str] = []
    figures: dict[str, object] = {"pending": PENDING, "unread": UNREAD, "cut to": KEPT}
    for reader in readers:
        directory = trial.directory / reader
        directory.mkdir()
        figures[f"counted ({reader})"], found = _trimmed(Trial(trial.scale, directory, trial.say), reader)
        wrong += [f"{reader}: {sentence}" for sentence in found]
    return Outcome(figures, wrong)


def _trimmed(trial: Trial, reader: str) -> tuple[str, list[str]]:
    ledger = Ledger(trial.directory / "ledger", PENDING + UNREAD)
    with world(trial) as own, ExitStack() as stack:
        one = stack.enter_context(victim(own, ingest_command("one"), "one"))
        _make_group(own, one)
        with feeding(Feed(source_publisher(own.stores.redis), ledger, portion=100)) as feed:
            feed.allow(ledger.size)
            feed.wait()
        own.stores.redis.xreadgroup(keys.INGEST_GROUP, reader, {keys.STREAM: ">"}, count=PENDING)
        own.stores.redis.xtrim(keys.STREAM, maxlen=KEPT, approximate=False)
        _drain(own, stack)
        found, accounts = audit(own.sessions, ledger), settle_accounts(own)
    wrong = found.wrong(lost=PENDING + UNREAD - KEPT) + accounts.wrong(found)
    if accounts.losses != EXPECTED:
        wrong.append(f"counted as lost are {accounts.losses}, lost are {EXPECTED}")
    return " + ".join(str(accounts.losses.get(kind, 0)) for kind in EXPECTED), wrong


def _make_group(own: World, one: Victim) -> None:
    one.start()
    wait_up(own.stores.redis, "one", one)
    one.end()


def _drain(own: World, stack: ExitStack) -> None:
    process = stack.enter_context(victim(own, [*ingest_command("one"), "--drain"], "drain"))
    process.start()
    assert process.wait(DRAIN_S) == 0, process.log_end()


EXTERNAL_TRIM = Scenario("external-trim", play, limit_s=180)
