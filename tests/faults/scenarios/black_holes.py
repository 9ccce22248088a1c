"""Every link in turn becomes a black hole: bytes vanish, connections stay. Each end must recover by itself."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.faults.harness.accounts import settle_accounts
from tests.faults.harness.checker import audit
from tests.faults.harness.ledger import Ledger
from tests.faults.harness.pipeline import acknowledged, wait_drained, wait_up
from tests.faults.harness.processes import Victim, ingest_command, victim
from tests.faults.harness.web import Follower, Web, serving
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.faults.scenarios.collector_kills import collector_command
from tests.proxy import Relay, relayed
from tests.waiting import until

EVENTS_PER_S = 500
RECOVERY_LIMIT_S = 15.0
RECOVERY_DEADLINE_S = 90.0
ANSWER_LIMIT_S = 5.0


@dataclass
class _Findings:
    shown: dict[str, object] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)

    def limit(self, what: str, seconds: float, limit_s: float) -> None:
        self.shown[f"{what} s"] = round(seconds, 1)
        if seconds > limit_s:
            self.slow.append(f"{what} took {seconds:.1f} s, allowed are {limit_s:g} s")

    def expect(self, holds: bool, sentence: str) -> None:
        if not holds:
            self.wrong.append(sentence)


class _Stage:
    """The processes with a relay on each of their links, under a collector that never ceases to publish."""

    def __init__(self, own: World, ledger: Ledger, stack: ExitStack) -> None:
        self.own, self.ledger, self._stack = own, ledger, stack
        self.links = {name: stack.enter_context(relayed(self._url(name))) for name in LINKS}
        self.ingestor = self._process(
            ingest_command("one"), "one", redis_url="ingestor-redis", database_url="ingestor-postgres"
        )
        self.collector = self._process(
            collector_command(ledger.path, ledger.size, 10, 10 / EVENTS_PER_S), "collector", redis_url="collector-redis"
        )
        wait_up(own.stores.redis, "one", self.ingestor)
        urls = {"redis_url": self.links["web-redis"].url, "database_url": self.links["web-postgres"].url}
        self.web: Web = stack.enter_context(serving(own, **urls))

    def _process(self, command: list[str], name: str, **through: str) -> Victim:
        settings = {setting: self.links[link].url for setting, link in through.items()}
        process = self._stack.enter_context(victim(self.own, command, name, **settings))
        process.start()
        return process

    def _url(self, link: str) -> str:
        return self.own.valkey.url if link.endswith("redis") else self.own.postgres.url


def _ingestor_recovers(stage: _Stage, link: Relay, hole_s: float, found: _Findings, name: str) -> None:
    with _Hole(link, hole_s):
        pass
    before = acknowledged(stage.own.stores.redis)
    found.limit(name, _wait(lambda: acknowledged(stage.own.stores.redis) > before), RECOVERY_LIMIT_S)
    stage.ingestor.check()


def _collector_recovers(stage: _Stage, link: Relay, hole_s: float, found: _Findings, name: str) -> None:
    given = stage.ledger.next_index
    with _Hole(link, hole_s):
        pass
    during = stage.ledger.next_index - given
    found.shown["events given meanwhile"] = during
    # A feed may wait for a few seconds until the link counts as dead; from then on it is spooled.
    found.expect(during >= EVENTS_PER_S * (hole_s - 5) / 2, f"the feed stood still: only {during} events meanwhile")
    last = stage.ledger.next_index
    found.limit(name, _wait(lambda: stage.own.stored() >= last), RECOVERY_LIMIT_S)
    stage.collector.check()


def _web_recovers_redis(stage: _Stage, link: Relay, hole_s: float, found: _Findings, name: str) -> None:
    follower = Follower(stage.web, "ES")
    _wait(lambda: follower.newest() >= 0)
    with _Hole(link, hole_s):
        answer = stage.web.get("/api/quotes?symbols=ES")
        found.limit("quotes refused", answer.seconds, ANSWER_LIMIT_S)
        found.expect(answer.status == 503, f"/api/quotes answered {answer.status} instead of 503")
        found.expect(stage.web.get("/api/health/live").status == 200, "the web server does not call itself alive")
        found.expect(not stage.web.is_ready("redis"), "readiness calls a silent Redis well")
    newest, given = follower.newest(), stage.ledger.next_index
    found.limit(name, _wait(lambda: stage.web.get("/api/quotes?symbols=ES").status == 200), RECOVERY_LIMIT_S)
    found.limit("stream client", _wait(lambda: follower.newest() > max(newest, given)), RECOVERY_LIMIT_S)
    follower.close()


def _web_recovers_postgres(stage: _Stage, link: Relay, hole_s: float, found: _Findings, name: str) -> None:
    _wait(lambda: stage.web.is_ready("postgres"))
    with _Hole(link, hole_s):
        found.expect(not stage.web.is_ready("postgres"), "readiness calls a silent PostgreSQL well")
        answer = stage.web.get("/api/quotes?symbols=ES")
        found.expect(answer.status == 200, f"/api/quotes answered {answer.status} although it needs Redis alone")
    found.limit(name, _wait(lambda: stage.web.is_ready("postgres")), RECOVERY_LIMIT_S)


LINKS: dict[str, Callable[[_Stage, Relay, float, _Findings, str], None]] = {
    "ingestor-redis": _ingestor_recovers,
    "ingestor-postgres": _ingestor_recovers,
    "collector-redis": _collector_recovers,
    "web-redis": _web_recovers_redis,
    "web-postgres": _web_recovers_postgres,
}


class _Hole:
    """The link swallows everything for the length of the block, and for `hole_s` at least."""

    def __init__(self, link: Relay, hole_s: float) -> None:
        self._link, self._hole_s = link, hole_s

    def __enter__(self) -> None:
        self._link.swallow()
        self._ends_at = time.monotonic() + self._hole_s

    def __exit__(self, *_error: object) -> None:
        time.sleep(max(0.0, self._ends_at - time.monotonic()))
        self._link.restore()


def play(trial: Trial) -> Outcome:
    """One link after the other, with the rest of the pipeline at work."""
    hole_s = trial.pick(3, 60)
    ledger = Ledger(trial.directory / "ledger", EVENTS_PER_S * (hole_s * len(LINKS) + 600))
    found = _Findings({"hole s": hole_s})
    with world(trial) as own, ExitStack() as stack:
        stage = _Stage(own, ledger, stack)
        _wait(lambda: stage.own.stored() > 0)
        for name, recovers in LINKS.items():
            recovers(stage, stage.links[name], hole_s, found, name)
            trial.say(f"{name} is back, {stage.own.stored():,} ticks stored")
        ends = {"collector": stage.collector.end()}
        found.wrong += wait_drained(own)
        ends["ingestor"] = stage.ingestor.end()
        audited, accounts = audit(own.sessions, ledger), settle_accounts(own)
    found.wrong += audited.wrong() + accounts.wrong(audited)
    found.wrong += [f"the {name} ended with {code}" for name, code in ends.items() if code]
    return Outcome(audited.figures() | found.shown, found.wrong, found.slow)


def _wait(condition: Callable[[], object]) -> float:
    began = time.monotonic()
    until(condition, RECOVERY_DEADLINE_S)
    return time.monotonic() - began


BLACK_HOLES = Scenario("black-holes", play, limit_s=900)
