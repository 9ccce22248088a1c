"""The cross-check: whether live sources that quote the same symbols tell the same of them, and who carries on alone."""

import logging
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Final

from redis import Redis

from app.bus import keys
from app.bus.latest import LIVE, Fields, read_newest
from app.instruments.store import watchlist
from app.operations.comparing import difference_ticks
from app.operations.displaying import Candidate, DisplayRule, candidate_of, is_outdated
from app.operations.divergences import Divergence, found, read_divergences, write_divergences
from app.operations.health import Check
from app.operations.source_standing import NOT_AT_WORK, STOPPED, SourceStanding, read_standings
from app.stores import Stores

log = logging.getLogger(__name__)

NOT_SOONER_MS: Final = 10_000
SHOWN: Final = 5


def is_comparing_due(client: Redis) -> bool:
    """Whether two live sources are at work, or something is left of when they were."""
    held = client.exists(*(keys.lease(source) for source in LIVE))
    return bool(held > 1 or client.exists(keys.DIVERGENCES))


def compare_sources(stores: Stores, rule: DisplayRule) -> list[Divergence]:
    """Compare the watched symbols of open markets at sources that stream, keep what differs, and log where an alarm
    begins or ends.

    Nothing is done within 10 s of the last comparison. Delayed quotes are not compared. A source that has fallen behind
    is told as a lag and its old price not as a difference. Returns what differs now.
    """
    client, now = stores.redis, stores.clock.now()
    if not client.set(keys.asked("compare-sources"), 1, nx=True, px=NOT_SOONER_MS):
        return list(read_divergences(client).values())
    with stores.sessions() as session:
        symbols = [symbol for symbol in watchlist(session) if stores.market_of(symbol).is_open(now)]
    standings = read_standings(client, LIVE)
    before = read_divergences(client)
    differing = find_divergences(read_newest(client, symbols), standings, rule, now, before)
    after = {one.name: one.after(before.get(one.name)) for one in differing}
    write_divergences(client, after.values())
    _say_what_changed(before, after, standings)
    return list(after.values())


def find_divergences(
    newest: Mapping[str, Sequence[Fields]],
    standings: Mapping[str, SourceStanding],
    rule: DisplayRule,
    now: datetime,
    before: Container[str] = (),
) -> Iterator[Divergence]:
    """What differs at this instant between the newest quotes that sources which stream have of symbols.

    A source that says the same as the other does not begin to lag; one whose lag is in `before`, by its name, goes on
    with it also where the other's price happens to pass by its own.
    """
    for symbol, quotes in newest.items():
        compared = [fields for fields in quotes if _is_compared(fields, standings)]
        for one, other in combinations(compared, 2):
            ticks = difference_ticks(symbol, one, other)
            lag = _lag(symbol, candidate_of(one, standings), candidate_of(other, standings), rule, now)
            if lag is not None and (ticks != 0 or lag.name in before):
                yield lag
            elif lag is None and ticks is not None and abs(ticks) > rule.divergence_ticks:
                yield found(symbol, "price", one["source"], other["source"], ticks, now)


def disagreeing(divergences: Iterable[Divergence], symbol: str, displayed: str) -> list[str]:
    """The sources that have differed for a while about a symbol from what is displayed, or lag."""
    named = [one for one in divergences if one.symbol == symbol and one.alarming]
    names = {one.source if one.kind == "lag" or one.source != displayed else one.other for one in named}
    return sorted(names)


def check_agreement(client: Redis) -> Check:
    """Whether the live sources agree, and which of them failed while another carries on: a warning, and always ok.

    Quotes come in either case, and nobody but a person can tell who is right.
    """
    standings = read_standings(client, LIVE).values()
    alarms = [one for one in read_divergences(client).values() if one.alarming]
    streaming = [one.source for one in standings if one.is_streaming]
    at_work = [one.source for one in standings if one.is_at_work]
    failing = {one.source: one.state for one in standings if not one.is_streaming and one.state != STOPPED}
    told = [f"{source} is not there as usual ({state}): see `flask status`" for source, state in failing.items()]
    told += [f"{' and '.join(streaming)} carries on"] if failing and streaming else []
    told += [one.told() for one in alarms[:SHOWN]]
    if len(alarms) > SHOWN:
        told.append(f"and {len(alarms) - SHOWN} more")
    figures = {"alarms": len(alarms), "at_work": at_work, "failing": failing}
    return Check("agreement", True, "; ".join(told) or _all_is_well(at_work), figures)


def agreement(client: Redis) -> dict[str, object]:
    """How the live sources agree, for people: the check's line, and everything that differs."""
    differing = read_divergences(client).values()
    lines = [f"{one.told()}{'' if one.alarming else ', not yet for long'}" for one in differing]
    return {"detail": check_agreement(client).detail, "differing": lines}


def _all_is_well(at_work: Sequence[str]) -> str:
    if len(at_work) > 1:
        return f"{' and '.join(at_work)} agree"
    return f"{at_work[0]} alone is at work" if len(at_work) == 1 else "no live source is at work"


def _is_compared(fields: Fields, standings: Mapping[str, SourceStanding]) -> bool:
    standing = standings.get(fields["source"], NOT_AT_WORK).about(fields["symbol"])
    return standing.is_streaming and fields.get("delayed") != "1"


def _lag(symbol: str, one: Candidate, other: Candidate, rule: DisplayRule, now: datetime) -> Divergence | None:
    for late, ahead in ((one, other), (other, one)):
        if is_outdated(late, ahead, rule, now):
            lag_ms = round((ahead.known_at - late.known_at) / timedelta(milliseconds=1))
            return found(symbol, "lag", late.source, ahead.source, Decimal(lag_ms), now)
    return None


def _say_what_changed(
    before: Mapping[str, Divergence], after: Mapping[str, Divergence], standings: Mapping[str, SourceStanding]
) -> None:
    for name, one in after.items():
        if one.alarming and not (name in before and before[name].alarming):
            log.warning("the sources disagree: %s", one.told())
    for name, one in before.items():
        if one.alarming and name not in after:
            compared = all(standings[source].is_streaming for source in (one.source, one.other) if source in standings)
            how = "agree again" if compared else "are not compared any more"
            log.info("%s and %s %s about %s", one.source, one.other, how, one.symbol)
