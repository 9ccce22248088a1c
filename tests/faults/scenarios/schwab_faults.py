"""What happens to a stream from Schwab, on several stand-ins at once: each time it must stream again, and tell no
quote that mixes what it knew before with what came after, and none twice."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from app.collectors.feeds import STREAMING
from app.collectors.schwab.patience import Patience
from app.quotes import Quote
from tests.faults.harness.generations import Generations, duplicates, stale_merges
from tests.faults.scenario import Outcome, Scale, Scenario, Trial
from tests.schwab.standin import StandIn
from tests.schwab_feeds import HASTY, Running, plan_of, running

WITHIN_S: Final = 30.0
GIVE_UP_S: Final = 90.0
STEP_S: Final = 0.05
MALFORMED: Final = ("not json", "not an object", "missing content", "string numbers", "nan", "huge")


@dataclass
class Played:
    """What came of the faults of one kind: seconds until it streamed again, and what was wrong with the quotes."""

    kind: str
    seconds: list[float] = field(default_factory=list)
    lost: int = 0
    quotes: int = 0
    stale: int = 0
    same_key: int = 0
    same_content: int = 0

    def add(self, other: "Played") -> None:
        """Count what another stand-in showed of the same kind too."""
        self.seconds += other.seconds
        for name in ("lost", "quotes", "stale", "same_key", "same_content"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Stage:
    """One stand-in with its feed, and what moves there."""

    schwab: StandIn
    feed: Running
    moves: Generations
    trial: Trial
    turns: Iterator[int] = field(default_factory=count)

    def watch(self, holds: Callable[[], object], give_up_s: float) -> bool:
        """Let the market move until something holds; whether it did."""
        ends_at = time.monotonic() + give_up_s
        while time.monotonic() < ends_at:
            # A generation trades only once it is streamed, so that what is streamed first of it has no trade.
            self.moves.step(self._streams(self.moves.is_seen_in))
            self.feed.feed.wait(STEP_S)
            self.feed.take()
            if holds():
                return True
        return False

    def streams(self) -> bool:
        """Whether the present generation comes whole, by the stream."""
        return self._streams(self.moves.is_told_by)

    def _streams(self, holds: Callable[[Quote], bool]) -> bool:
        quotes = self.feed.quotes
        return self.feed.feed.state().state == STREAMING and bool(quotes) and holds(quotes[-1])

    def drop(self) -> None:
        """Lose the connection, and everything changes before there is another."""
        self.schwab.faults.refuse_connections()
        self.schwab.faults.drop()
        self.moves.begin(is_partial=True)
        self.schwab.faults.refuse_connections(False)

    def silence(self) -> None:
        """Heartbeats alone on this connection, from now on."""
        self.schwab.faults.silence()
        self.moves.begin(is_partial=True)

    def deny(self) -> None:
        """Lose it, and be denied for a while."""
        self.schwab.faults.deny_logins()
        self.drop()
        self.watch(lambda: False, self.trial.pick(1, 4) * 0.5)
        self.schwab.faults.deny_logins(False)

    def expire(self) -> None:
        """Lose it, with a token that is no longer good."""
        self.schwab.faults.expire_access()
        self.drop()

    def malform(self) -> None:
        """Never be told of the change, because what tells it cannot be read."""
        self.schwab.faults.malform(MALFORMED[next(self.turns) % len(MALFORMED)])
        self.moves.begin()


# How the faults of a kind are made, and on how many stand-ins at once.
KINDS: Final[Mapping[str, tuple[Callable[[Stage], None], int]]] = {
    "dropped": (Stage.drop, 2),
    "silent": (Stage.silence, 4),
    "denied": (Stage.deny, 2),
    "expired": (Stage.expire, 2),
    "malformed": (Stage.malform, 2),
}


def play(trial: Trial) -> Outcome:
    """Twenty faults of each kind, as patiently as in production; two in a hurry in the quick form."""
    with StandIn() as schwab, running(plan_of(schwab, trial.directory)):
        trial.say("all that is loaded once is loaded")  # Before there are threads to do so.
    times = trial.pick(2, 20)
    shares = [(kind, number) for kind, (_, most) in KINDS.items() for number in range(min(most, times))]
    with ThreadPoolExecutor(len(shares)) as pool:
        parts = list(pool.map(lambda share: _play_part(trial, *share, times), shares))
    played = {kind: Played(kind) for kind in KINDS}
    for part in parts:
        played[part.kind].add(part)
    return _judged(played, times)


def _play_part(trial: Trial, kind: str, number: int, times: int) -> Played:
    directory = trial.directory / f"{kind}-{number}"
    directory.mkdir()
    own_times = times // min(KINDS[kind][1], times)
    is_full = trial.scale is Scale.FULL
    with StandIn(heartbeat_s=10.0 if is_full else 0.3) as schwab:
        played = _play_on(schwab, directory, trial, kind, own_times, Patience() if is_full else HASTY)
    trial.say(f"{kind} {number + 1}: {own_times} times, again after {max(played.seconds, default=0):.1f} s at most")
    return played


def _play_on(schwab: StandIn, directory: Path, trial: Trial, kind: str, times: int, patience: Patience) -> Played:
    played, moves = Played(kind), Generations(schwab)
    with running(plan_of(schwab, directory), patience=patience, is_open=lambda _symbol, _now: True) as feed:
        stage = Stage(schwab, feed, moves, trial)
        played.lost += not stage.watch(stage.streams, GIVE_UP_S)
        for _ in range(times):
            stage.watch(lambda: False, 0.5)
            stage.watch(stage.streams, GIVE_UP_S)
            KINDS[kind][0](stage)
            began = time.monotonic()
            played.lost += not stage.watch(stage.streams, GIVE_UP_S)
            played.seconds.append(time.monotonic() - began)
    played.quotes, played.stale = len(feed.quotes), stale_merges(feed.quotes)
    played.same_key, played.same_content = duplicates(feed.quotes)
    return played


def _judged(played: Mapping[str, Played], times: int) -> Outcome:
    figures: dict[str, object] = {"faults of each kind": times, "quotes": sum(one.quotes for one in played.values())}
    wrong, slow = [], []
    for kind, one in played.items():
        worst_s = max(one.seconds)
        figures |= {f"{kind}: again after at most": f"{worst_s:.1f} s"}
        wrong += [f"{kind}: {one.lost} times it did not stream again"] if one.lost else []
        wrong += [f"{kind}: {one.stale:,} quotes mix what was before with what came after"] if one.stale else []
        wrong += [f"{kind}: {one.same_key:,} quotes have the key of another"] if one.same_key else []
        wrong += [f"{kind}: {one.same_content:,} quotes say what another says"] if one.same_content else []
        wrong += [f"{kind}: {len(one.seconds)} faults instead of {times}"] if len(one.seconds) != times else []
        slow += [f"{kind}: it took {worst_s:.1f} s to stream again"] if worst_s > WITHIN_S else []
    for name in ("stale", "same_key", "same_content"):
        figures[name.replace("_", " ")] = sum(getattr(one, name) for one in played.values())
    return Outcome(figures, wrong, slow)


SCHWAB_FAULTS = Scenario("schwab-faults", play, limit_s=600)
