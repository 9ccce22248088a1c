"""Redis is killed, and later stands still, under callers of the API: each is told so at once, and served later."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

from tests.faults.harness.callers import Call, Callers, calling, percentile_ms
from tests.faults.harness.web import serving
from tests.faults.harness.world import World, world
from tests.faults.scenario import Outcome, Scenario, Trial
from tests.waiting import until

CALLERS, PER_S = 8, 10.0
PATHS = ("/api/quotes?symbols=ES,NQ", "/api/collectors", "/api/quotes?symbols=CL", "/api/collectors/SIMULATED")
PROBLEM = "application/problem+json"
# An answer that is under way when the server goes, or while it comes, may be of either kind.
EDGE_S = 1.5
ANSWER_LIMIT_S = 1.5
BACK_LIMIT_S = 5.0
PATIENCE_S = 60.0


def play(trial: Trial) -> Outcome:
    """First the server is gone, then it is there and silent."""
    figures: dict[str, object] = {}
    wrong: list[str] = []
    slow: list[str] = []
    with world(trial) as own, serving(own) as web, calling(web.url, PATHS, CALLERS, PER_S) as callers:
        until(lambda: _served(callers, 0.0, CALLERS * 2), PATIENCE_S)
        for name, away_s, take, give in _outages(own, trial):
            calls, back_s = _outage(callers, away_s, take, give)
            trial.say(f"{name} for {away_s} s: {dict(Counter(call.status for call in calls))}, back in {back_s:.2f} s")
            figures |= {
                f"{name} s": away_s,
                f"{name}: answers": len(calls),
                f"{name}: p99 ms": round(percentile_ms(calls, 0.99)),
                f"{name}: slowest ms": round(1000 * max((call.seconds for call in calls), default=0.0)),
                f"{name}: back s": round(back_s, 2),
            }
            wrong += [f"{name}: {sentence}" for sentence in _wrong(calls)]
            slow += [f"{name}: an answer took {_slowest(calls):.1f} s"] if _slowest(calls) > ANSWER_LIMIT_S else []
            slow += [f"{name}: served again after {back_s:.1f} s only"] if back_s > BACK_LIMIT_S else []
        faults = Counter(call.status for call in callers.calls)
    strange = {status: count for status, count in faults.items() if status not in (200, 503)}
    return Outcome(figures, wrong + ([f"answers of the statuses {strange}"] if strange else []), slow)


def _outages(own: World, trial: Trial) -> list[tuple[str, int, Callable[[], object], Callable[[], object]]]:
    return [
        ("killed", trial.pick(2, 30), lambda: own.valkey.stop(signal.SIGKILL), own.valkey.start),
        ("silent", trial.pick(3, 15), own.valkey.freeze, own.valkey.thaw),
    ]


def _outage(
    callers: Callers, away_s: float, take: Callable[[], object], give: Callable[[], object]
) -> tuple[list[Call], float]:
    take()
    began = time.monotonic()
    time.sleep(away_s + EDGE_S)
    ended = time.monotonic()
    give()
    given = time.monotonic()
    until(lambda: _served(callers, given, CALLERS), PATIENCE_S)
    back_s = next(call.at + call.seconds for call in callers.since(given) if call.status == 200) - given
    return [call for call in callers.since(began + EDGE_S) if call.at < ended - ANSWER_LIMIT_S], back_s


def _served(callers: Callers, since: float, count: int) -> bool:
    newest = callers.since(since)[-count:]
    return len(newest) == count and all(call.status == 200 for call in newest)


def _wrong(calls: Sequence[Call]) -> list[str]:
    found = [] if calls else ["nobody asked meanwhile"]
    other = Counter(call.status for call in calls if call.status != 503)
    found += [f"answers of the statuses {dict(other)} instead of 503"] if other else []
    bare = sum(call.status == 503 and (call.media != PROBLEM or not call.retry_after) for call in calls)
    return found + ([f"{bare} answers are no problem document with Retry-After"] if bare else [])


def _slowest(calls: Sequence[Call]) -> float:
    return max((call.seconds for call in calls), default=0.0)


REDIS_GONE = Scenario("redis-gone", play, limit_s=240)
