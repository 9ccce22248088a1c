"""What is held against a tick, and how many such ticks an analysis can bear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.analysis.quality.counts import SessionCounts
from app.analysis.quality.sessions import CountedSession
from app.analysis.quality.spikes import JUMP, JUMP_TICKS
from app.analysis.quality.tick_pass import CLOCK_SKEW_S, LATE_S


@dataclass(frozen=True, slots=True)
class TickRule:
    """A rule by its name in SessionCounts: `what` is said of the ticks that break it.

    Data are degraded when more than the share `care` of the ticks break it, and rejected beyond `limit`; None: never.
    `reference` is where the rule is from.
    """

    name: str
    what: str
    care: float
    limit: float | None = None
    reference: str = ""

    def broken(self, counts: SessionCounts) -> int | None:
        """How many ticks break the rule; None where it could not be checked."""
        found: int | None = getattr(counts, self.name)
        return found


# One in a hundred ticks that contradict themselves is no accident of a feed: something is wrong with all of it. Ticks
# that are merely left out, such as those outside the session, harm less; order is restored by whoever reads them. A
# clock that is slow by two seconds puts all ticks into the future, which is a fault of the desk and not of prices.
TICK_RULES: Final = (
    TickRule("missing_price", "have no last price", 0.05),
    TickRule("crossed", "have their bid above their ask within the session", 0.001, 0.01),
    TickRule("non_positive", "have a price of zero or below, of which no log return can be taken", 0.0),
    TickRule("off_tick", "have a price that is no multiple of the tick size", 0.001, 0.05),
    TickRule("bad_size", "have a size of zero or below", 0.01),
    TickRule("duplicates", "repeat time and number of the tick before", 0.0, 0.01),
    TickRule("out_of_order", "stand after a later tick in their file", 0.0),
    TickRule("late", f"were received more than {LATE_S} s after their time", 0.05),
    TickRule("future", f"have a time more than {CLOCK_SKEW_S} s after they were received", 0.001),
    TickRule("outside", "lie outside of their session", 0.01, 0.2),
    TickRule(
        "spikes",
        f"take back a jump of more than {100 * JUMP} % and {JUMP_TICKS} ticks at once",
        0.0,
        0.001,
        "Brownlees-Gallo 2006",
    ),
)
# A replay is received when it is replayed, maybe years after the time of its ticks.
REPLAYED: Final = "REPLAY"
NOT_OF_REPLAYS: Final = frozenset({"late", "future"})


def checked_rules(source: str) -> tuple[TickRule, ...]:
    """The rules that a source's ticks are held against."""
    return tuple(rule for rule in TICK_RULES if source != REPLAYED or rule.name not in NOT_OF_REPLAYS)


def broken_by_day(rule: TickRule, sessions: Sequence[CountedSession]) -> Mapping[str, int]:
    """How many ticks break a rule on each trading day on which it could be checked and there are ticks."""
    return {
        session.day.isoformat(): broken
        for session in sessions
        if session.checked_rows and (broken := rule.broken(session.counts)) is not None
    }


def share_broken(broken: Mapping[str, int], rows: int) -> float:
    """The share of the ticks that break a rule, 0 without ticks."""
    return sum(broken.values()) / rows if rows else 0.0
