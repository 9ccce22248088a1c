"""kill -9 of ingestors and Valkey, and immediate restarts of PostgreSQL, while ticks come in."""

import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from app.bus.groups import group_state
from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.feed import Feed, feeding, source_publisher
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import DRAIN_LIMIT_S, wait_at_work, wait_drained, wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial

CONSUMERS = ("one", "two")
LONGEST_WORK_S = 0.05


class _Attack:
    """Blows against a pipeline; each first waits for its victim to be up, then has it fed, then strikes at work."""

    def __init__(self, world: World, feed: Feed, ingestors: dict[str, Victim]) -> None:
        self._world, self._feed, self._ingestors = world, feed, ingestors
        self._random = random.Random(20251009)
        self.met = 0

    def plan(self, kills: int, restarts: int) -> list[Callable[[int], None]]:
        """The blows, in an order of chance; each takes up to where the feed may go on when it falls."""
        turns = [partial(self._kill, CONSUMERS[turn % len(CONSUMERS)]) for turn in range(kills)]
        blows = [*turns, *[self._kill_valkey] * restarts, *[self._restart_postgres] * restarts]
        self._random.shuffle(blows)
        return blows

    def wait_up(self) -> None:
        """Wait until every ingestor works."""
        for consumer, process in self._ingestors.items():
            wait_up(self._world.stores.redis, consumer, process)

    def _kill(self, consumer: str, allowed: int) -> None:
        process, client = self._ingestors[consumer], self._world.stores.redis
        wait_up(client, consumer, process)
        self._feed.allow(allowed)
        wait_at_work(client, consumer)
        time.sleep(self._random.uniform(0, LONGEST_WORK_S))
        process.kill()
        self.met += group_state(client).behind > 0
        process.start()

    def _kill_valkey(self, allowed: int) -> None:
        self.wait_up()
        self._feed.allow(allowed)
        time.sleep(self._random.uniform(0, LONGEST_WORK_S))
        self._world.valkey.stop(signal.SIGKILL)
        self._world.valkey.start()

    def _restart_postgres(self, allowed: int) -> None:
        self.wait_up()
        self._feed.allow(allowed)
        time.sleep(self._random.uniform(0, LONGEST_WORK_S))
        self._world.postgres.stop(signal.SIGQUIT)
        self._world.postgres.start()


def play(trial: Trial) -> Outcome:
    """Strike at even distances of the feed, which never waits for longer than a blow takes; then let it drain."""
    kills, restarts = trial.pick(6, 50), trial.pick(1, 5)
    ledger = Ledger(trial.directory / "ledger", trial.pick(60_000, 1_000_000))
    began = time.monotonic()
    with world(trial) as own, ExitStack() as stack:
        feed = stack.enter_context(feeding(Feed(source_publisher(own.stores.redis), ledger)))
        ingestors = {name: stack.enter_context(victim(own, ingest_command(name), name)) for name in CONSUMERS}
        for process in ingestors.values():
            process.start()
        attack = _Attack(own, feed, ingestors)
        _strike(attack, feed, attack.plan(kills, restarts), ledger.size, trial)
        wrong = wait_drained(own)
        drained_s = time.monotonic() - feed.ended_at
        ends = [process.end() for process in ingestors.values()]
        found, accounts = audit(own.sessions, ledger), settle_accounts(own)
    wrong += [*found.wrong(), *accounts.wrong(found)]
    wrong += [f"an ingestor ended with {code} when asked to stop" for code in ends if code]
    if attack.met < kills // 2:
        wrong.append(f"only {attack.met} of {kills} kills met an ingestor at work: the trial shows nothing")
    slow = [f"drained {drained_s:.1f} s after the last publish"] if drained_s > DRAIN_LIMIT_S else []
    shown = {
        "kills": kills,
        "at work": attack.met,
        "server restarts": 2 * restarts,
        "unanswered": ledger.unanswered,
        "drain s": round(drained_s, 1),
        "wall s": round(time.monotonic() - began),
    }
    return Outcome(found.figures() | accounts.figures() | shown, wrong, slow)


def _strike(attack: _Attack, feed: Feed, blows: list[Callable[[int], None]], size: int, trial: Trial) -> None:
    attack.wait_up()
    for number, blow in enumerate(blows, 1):
        blow(size * number // (len(blows) + 1))
        feed.wait()
        if number % 10 == 0:
            trial.say(f"{number} blows, {feed.done:,} ticks published, {attack.met} kills met an ingestor at work")
    feed.allow(size)
    feed.wait()


INGESTOR_KILLS = Scenario("ingestor-kills", play, limit_s=600)
