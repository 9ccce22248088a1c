"""A process of its own that collects one source, instead of the workers."""

import contextlib
import logging
import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from redis import Redis
from redis.exceptions import RedisError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_random_exponential
from tenacity.nap import sleep_using_event

from app.bus import keys
from app.bus.connection import check_persistence
from app.bus.hashes import read_hash
from app.collectors.crashes import read_crashes
from app.collectors.progress import Figures
from app.errors import ThorError, Unavailable
from app.operations.agent_places import AgentPlace
from app.operations.collecting import ANSWER_S, CollectorPlan, Duty, collect, maker_of
from app.operations.mixing import refuse_simulated
from app.operations.wishes import says_wanted, unwant_after_session, want
from app.stores import Stores

log = logging.getLogger(__name__)

IDLE_LOOK_S: Final = 1.0
LONGEST_WAIT_S: Final = 2.0  # On Windows Ctrl-C is heard only between two waits.
SAY_EVERY_S: Final = 10.0
Say = Callable[[str], None]
T = TypeVar("T")


def run_agent(stores: Stores, source: str, plan: CollectorPlan, stop: Event, say: Say) -> int:
    """Collect a source in this process whenever it is wanted, until `stop` is set; returns how many were published.

    It makes the source wanted, unless that was decided by hand, and takes that back at the end. While Redis is away it
    waits, and after a failure of the feed it tries again. `say` hears a line when something changes, and every 10 s.
    While its loop hangs, the source is left to the workers.

    NotFound when the source is not set up; Conflict, naming the other process, when another one is there for it, and
    when simulated quotes are collected.
    """
    maker_of(stores, source, plan)
    with stores.connect_redis(socket_timeout_s=ANSWER_S) as client:
        _patiently(source, stop, lambda: check_persistence(client))
        place = AgentPlace(client, source, stop, stores.clock)
        agent = _Agent(stores, source, plan, client, stop, place, _Speaker(say))
        with contextlib.ExitStack() as held:
            if _patiently(source, stop, lambda: held.enter_context(place.held())):
                agent.run()
        if place.lost:
            raise place.lost
    return agent.published


class _Agent:
    def __init__(
        self,
        stores: Stores,
        source: str,
        plan: CollectorPlan,
        client: Redis,
        stop: Event,
        place: AgentPlace,
        speaker: "_Speaker",
    ) -> None:
        self._stores, self._source, self._plan, self._stop = stores, source, plan, stop
        self._client, self._place, self._speaker = client, place, speaker
        self.published = 0

    def run(self) -> None:
        _patiently(self._source, self._stop, self._wish)
        try:
            while not self._stop.is_set():
                _patiently(self._source, self._stop, self._spell, (Exception,))
        finally:
            with contextlib.suppress(RedisError, Unavailable):
                self._take_back()

    def _wish(self) -> None:
        refuse_simulated(self._client, self._source)
        told = read_hash(self._client, keys.desired(self._source))
        if not says_wanted(told) and told.get("by") != "hand":
            want(self._stores, self._source, "process")

    def _take_back(self) -> None:
        told = read_hash(self._client, keys.desired(self._source))
        if told.get("by") == "process":
            unwant_after_session(self._stores, self._source)

    def _spell(self) -> None:
        self._place.turn()
        told = read_hash(self._client, keys.desired(self._source))
        crashes, now = read_crashes(self._client, self._source), self._stores.clock.now()
        if not told:  # As after a flush of the server.
            self._wish()
        elif not says_wanted(told):
            self._speaker.say("idle", f"{self._source} is idle: it {_not_wanted(told.get('by'), self._source)}")
            self._stop.wait(IDLE_LOOK_S)
        elif crashes.must_wait(now):
            why = f"{crashes.count} starts failed: {crashes.last_error}"
            self._speaker.say("crash loop", f"{self._source} waits until {crashes.not_before:%H:%M:%S} UTC: {why}")
            self._stop.wait(IDLE_LOOK_S)
        else:
            self.published += collect(self._stores, self._source, self._stop, self._plan, Duty(tell=self._tell))

    def _tell(self, figures: Figures) -> None:
        self._place.turn()
        at_ms, event_ms = figures["at_ms"], figures.get("event_ms")
        age = f"{(int(str(at_ms)) - int(str(event_ms))) / 1000:.0f} s ago" if event_ms else "none yet"
        detail = f" ({figures['detail']})" if figures.get("detail") else ""
        state = f"{figures['state']}, {figures['feed']}{detail}"
        counts = f"{figures['published']:,} published, {figures['spooled']:,} spooled"
        self._speaker.say(state, f"{self._source} {state}: {figures['rate']}/s, {counts}, last change {age}")


def _patiently(
    source: str, stop: Event, work: Callable[[], T], errors: tuple[type[Exception], ...] = (RedisError, Unavailable)
) -> T | None:
    # None when `stop` ended the waiting.
    def say_why(call: RetryCallState) -> None:
        error = call.outcome.exception() if call.outcome else None
        wait_s = call.next_action.sleep if call.next_action else 0.0
        is_known = isinstance(error, ThorError | RedisError)
        log.warning("%s tries again in %.1f s: %s", source, wait_s, error, exc_info=None if is_known else error)

    try:
        for attempt in Retrying(
            retry=retry_if_exception_type(errors),
            wait=wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_S),
            sleep=sleep_using_event(stop),
            stop=stop_when_event_set(stop),
            before_sleep=say_why,
            reraise=True,
        ):
            with attempt:
                return work()
    except errors:
        if not stop.is_set():
            raise
    return None


class _Speaker:
    """Says a line when the state changes, and every ten seconds while it stays."""

    def __init__(self, say: Say) -> None:
        self._say, self._state, self._again_at = say, "", 0.0

    def say(self, state: str, line: str) -> None:
        if state != self._state or time.monotonic() >= self._again_at:
            self._say(line)
            self._state, self._again_at = state, time.monotonic() + SAY_EVERY_S


def _not_wanted(by: str | None, source: str) -> str:
    if by == "hand":
        return f"was stopped by hand; `flask collectors --auto={source}` takes that back"
    return "is not wanted until a watched market opens" if by == "hours" else "is not wanted"
