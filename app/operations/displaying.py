"""Which source's quote of a symbol is shown where several quote it; docs/adr/0019-two-sources.md has the reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.operations.source_standing import NOT_AT_WORK, SourceStanding
from app.quotes import LIVE_SOURCES, SOURCES

STEADY: Final = timedelta(seconds=10)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class DisplayRule:
    """Which sources are shown first, seconds by which a quote may be older than another source's, and ticks by which
    two mid prices may differ."""

    preference: Sequence[str] = ("SCHWAB", "EXCEL")
    stale_after_s: float = 15.0
    divergence_ticks: float = 4.0

    @property
    def stale_after(self) -> timedelta:
        """The same age as a span of time."""
        return timedelta(seconds=self.stale_after_s)


@dataclass(frozen=True)
class Candidate:
    """The newest quote of a symbol at one source, and how the source stands.

    `received` is when the collector had the quote, `arrived` when the bus got it, `behind_since` when it got the first
    event of another source that this one has not followed. `back_at` is when the source last began to follow again,
    after it had been `away`.
    """

    source: str
    ts: datetime
    seq: int
    is_delayed: bool = False
    received: datetime | None = None
    arrived: datetime | None = None
    behind_since: datetime | None = None
    back_at: datetime | None = None
    away: timedelta = timedelta(0)
    standing: SourceStanding = NOT_AT_WORK

    @property
    def known_at(self) -> datetime:
        """The time of the event, or when it came where its source's clock runs ahead."""
        return min(at for at in (self.ts, self.received, self.arrived) if at is not None)

    def is_steady(self, rule: DisplayRule, now: datetime) -> bool:
        """Whether it has delivered for 10 s without interruption, and, since it was outdated, also this symbol."""
        since = self.delivers_since(rule)
        if since is None or now - since < STEADY:
            return False
        is_left_again = self.behind_since is not None and self.behind_since - since < STEADY
        return since != self.back_at or not is_left_again

    def delivers_since(self, rule: DisplayRule) -> datetime | None:
        """Since when it delivers; None while it does not."""
        since = self.standing.steady_since
        if since is None or self.back_at is None or self.away <= rule.stale_after:
            return since
        return max(since, self.back_at)


def candidate_of(fields: Mapping[str, str], standings: Mapping[str, SourceStanding]) -> Candidate:
    """A newest quote's wire fields, as `read_newest` gives them, as a candidate."""
    source = fields["source"]
    return Candidate(
        source,
        datetime.fromisoformat(fields["ts"]),
        int(fields["seq"]),
        fields.get("delayed") == "1",
        datetime.fromisoformat(received) if (received := fields.get("recv_ts")) else None,
        _instant_of(fields.get("stream_id")),
        _instant_of(fields.get("behind")),
        _instant_of(fields.get("back")),
        timedelta(milliseconds=int(fields.get("away", "0"))),
        standings.get(source, NOT_AT_WORK).about(fields["symbol"]),
    )


def choose_displayed(
    candidates: Sequence[Candidate], rule: DisplayRule, now: datetime, *, is_open: bool
) -> Candidate | None:
    """The candidate that is shown; None when there is none.

    It depends on its arguments alone, so all who show quotes choose alike. In an open market the sources at work count,
    in this order: real ones and those that the preference names before others; those that keep up before outdated
    ones; live quotes before delayed ones; sources that have delivered for 10 s without interruption, the preferred
    first, before others, the longest delivering first; a source that was outdated must also have followed the symbol
    for 10 s. Without a source at work, and in a closed market, it is the newest by event time.
    """
    at_work = [one for one in candidates if one.standing.is_at_work] if is_open else []
    if not at_work:
        return max(candidates, key=_age_order, default=None)
    newest = max(at_work, key=lambda one: one.known_at)
    return min(at_work, key=lambda one: _order(one, newest, rule, now))


def is_outdated(one: Candidate, newest: Candidate, rule: DisplayRule, now: datetime) -> bool:
    """Whether a source has fallen behind another one's quote.

    Its quote is older by more than the rule's age, and that is no matter of the moment: it has not followed the other
    for as long, or its quote was that old when it came. So a symbol that is quiet everywhere, or moves after a long
    silence, makes nobody outdated.
    """
    reach = rule.stale_after
    if newest.known_at - one.known_at <= reach:
        return False
    is_left = one.behind_since is not None and now - one.behind_since > reach
    return is_left or (one.arrived is not None and one.arrived - one.ts > reach)


def _age_order(one: Candidate) -> tuple[datetime, int]:
    return one.ts, one.seq


def _order(
    one: Candidate, newest: Candidate, rule: DisplayRule, now: datetime
) -> tuple[bool, bool, bool, bool, datetime, int]:
    since, is_steady = one.delivers_since(rule), one.is_steady(rule, now)
    return (
        one.source not in LIVE_SOURCES and one.source not in rule.preference,
        is_outdated(one, newest, rule, now),
        one.is_delayed,
        not is_steady,
        _NEVER if is_steady or since is None else since,
        _rank(one.source, rule.preference),
    )


def _rank(source: str, preference: Sequence[str]) -> int:
    return preference.index(source) if source in preference else len(preference) + SOURCES.index(source)


def _instant_of(stream_id: str | None) -> datetime | None:
    milliseconds = (stream_id or "").partition("-")[0]
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds.isdecimal() else None
