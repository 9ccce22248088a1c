"""Requests by the thousand, made from the API's specification: every answer is one that the specification tells of."""

from collections.abc import Iterator

import schemathesis
from sqlalchemy import delete

from app.access.roles import Role
from app.premarket.models import PremarketReport
from app.runtime import Runtime
from tests.admin_rows import fill
from tests.faults.harness.fuzzing import Fuzzed, configured, fuzz
from tests.faults.harness.web import Web, serving
from tests.faults.harness.world import world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.keyed_client import bearing, make_key
from tests.premarket_days import climbed
from tests.ticks import store_quotes, trade

TICKS = 500
CASES = 10_000
# Whoever asks as often as this is not slowed down, and streams say something soon.
SETTINGS = {"rate_limit_per_s": "100000", "write_limit_per_s": "10000", "sse_heartbeat_s": "0.2"}
# The specification without the readers that nobody knows, and with them.
READS = ("false", "true")


def play(trial: Trial) -> Outcome:
    """An admin's key on a server with rows, until there were enough; for half of them nobody may read unknown."""
    found, wanted = Fuzzed(), trial.pick(0, CASES)
    with world(trial) as own:
        fill_desk(own.stores, TICKS)
        key = bearing(make_key(own.stores, Role.ADMIN))
        for part, reads in enumerate(READS, start=1):
            with serving(own, anonymous_reads=reads, **SETTINGS) as web:
                for seed in _seeds(found, wanted * part // len(READS)):
                    _once(trial, web, key, found, seed)
                    trial.say(f"unknown readers {reads}: {found.sent:,} requests, {len(found.broken)} promises broken")
    for line in found.told():
        trial.say(line)
    return judge(found, wanted)


def _seeds(found: Fuzzed, wanted: int) -> Iterator[int]:
    """A seed at least, and another one for as long as there are too few requests."""
    yield found.sent
    while found.sent < wanted:
        yield found.sent


def _once(trial: Trial, web: Web, key: dict[str, str], found: Fuzzed, seed: int) -> None:
    examples = trial.pick(1, 60)
    told = configured(seed, examples, key)
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json", config=told, headers=key)
    fuzz(schema, found)


def fill_desk(stores: Runtime, ticks: int) -> None:
    """Rows in every table, a ladder with its report, and ticks of a session."""
    with stores.sessions.begin() as session:
        fill(session)
        session.execute(delete(PremarketReport))  # Its document is of no form.
    climbed(stores)
    store_quotes(stores.sessions, [trade(at, 6700 + at % 10, at) for at in range(1, ticks)])


def judge(found: Fuzzed, wanted: int) -> Outcome:
    """Every broken promise is wrong, and so is having asked too little to know."""
    figures: dict[str, object] = {
        "requests": found.sent,
        "along links": found.linked,
        "operations": len(found.cases),
        **{f"answered {status}": count for status, count in sorted(found.statuses.items())},
        "promises broken": len(found.broken),
    }
    wrong = [f"{what}: {how}" for what, how in sorted(found.broken.items())]
    wrong += [f"only {found.sent:,} requests were sent"] if found.sent < wanted else []
    wrong += ["nothing was asked along a link"] if not found.linked else []
    return Outcome(figures, wrong)


FUZZ_API = Scenario("fuzz-api", play, limit_s=1800)
