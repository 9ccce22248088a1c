"""Sequence gaps of a trading day: numbers that a source gave and that are neither stored nor put aside."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from sqlalchemy.orm import Session

from app.ledger.balance import Run
from app.ledger.gaps import GapFilter, balanced_days, losses_of_day, read_gaps
from app.ledger.models import Gap, Loss
from app.ledger.numbers import (
    EPOCH_BITS,
    Place,
    Stretch,
    accounted_elsewhere,
    common_count,
    few,
    newest_number,
    places_of,
    singles,
    stored_stretches,
    without,
)
from app.market.market import Market
from app.operations.day_figures import DayCount
from app.ticks.partitions import existing_partitions

NOT_NUMBERED: Final = frozenset({"REPLAY"})  # A replay keeps the recorded numbers, which need not be contiguous.
GAPS_PER_DAY: Final = 500  # Per source; beyond it neighbours become one gap with some stored numbers inside.
_NEAR: Final = timedelta(days=10)  # Longer than any holiday closes a market.


def watch_numbers(session: Session, market: Market, counted: DayCount, begun: datetime, now: datetime) -> None:
    """Record a day's sequence gaps, and bring up to date those that are known.

    A gap is open until its numbers turn up (backfilled), or until as many events of the source and day as its gaps
    lack are counted as lost (unrecoverable). Gaps above which nothing was stored before `begun` are left for later.
    """
    losses = losses_of_day(session, counted.day)
    for source, runs in groupby(sorted(counted.runs, key=_source), key=_source):
        if source not in NOT_NUMBERED:
            watch = _Watch(session, market, counted.day, source, begun, now)
            watch.update(list(runs))
            watch.explain([loss for loss in losses if loss.source == source])


class _Watch:
    """The numbers of one source on one day."""

    def __init__(
        self, session: Session, market: Market, day: date, source: str, begun: datetime, now: datetime
    ) -> None:
        self._session, self._day, self._source = session, day, source
        self._begun, self._now = begun, now
        self._others = _neighbours(session, market, day)
        self._is_running = market.session_of(now) == day
        self._known = read_gaps(session, GapFilter("sequence", source, day))

    def update(self, runs: Sequence[Run]) -> None:
        for epoch, parts in groupby(sorted(runs, key=_epoch), key=_epoch):
            same = list(parts)
            whole = self._whole(epoch, same)
            unstored = whole.last - whole.first + 1 - sum(run.count for run in same)
            known = [gap for gap in self._known if gap.from_seq >> EPOCH_BITS == epoch]
            if not self._is_as_known(whole, unstored, known):
                self._renew(known, self._missing(whole) if unstored > 0 else [])

    def _is_as_known(self, whole: Stretch, unstored: int, known: Sequence[Gap]) -> bool:
        # Looking for the numbers costs passes over the day, which a day that grows can wait for until it is over.
        if not self._is_running or not known:
            return False
        dead = accounted_elsewhere(self._session, self._source, [], self._day, whole)
        aside = sum(whole.first <= number <= whole.last for number in dead)
        return unstored == aside + sum(gap.missing for gap in known)

    def _renew(self, known: Sequence[Gap], missing: Sequence[Stretch]) -> None:
        for gap in known:
            gap.missing = common_count(missing, Stretch(gap.from_seq, gap.to_seq))
            if not gap.missing:
                gap.state, gap.closed_at = "backfilled", gap.closed_at or self._now
        recorded = [Stretch(gap.from_seq, gap.to_seq) for gap in known]
        fresh = [part for stretch in missing for part in without(stretch, recorded)]
        self._add(few(fresh, GAPS_PER_DAY), fresh)

    def explain(self, losses: Sequence[Loss]) -> None:
        lacking = [gap for gap in self._known if gap.missing]
        total, lost = sum(gap.missing for gap in lacking), sum(loss.count for loss in losses)
        for gap in lacking:
            is_lost = total <= lost
            gap.state = "unrecoverable" if is_lost else "open"
            gap.closed_at = gap.closed_at or self._now if is_lost else None
            gap.cause = _nearest(losses, gap.to_ts)
            gap.symbols = _symbols(losses, gap.missing)

    def _missing(self, whole: Stretch) -> list[Stretch]:
        stored = stored_stretches(self._session, self._day, self._source, whole)
        if not (missing := without(whole, stored)):
            return []
        within = Stretch(missing[0].first, missing[-1].last)
        elsewhere = accounted_elsewhere(self._session, self._source, self._others, self._day, within)
        return without(whole, stored + singles(elsewhere))

    def _whole(self, epoch: int, runs: Sequence[Run]) -> Stretch:
        first, last = min(run.min_seq for run in runs), max(run.max_seq for run in runs)
        begin = (epoch << EPOCH_BITS) + 1
        if first <= begin:
            return Stretch(first, last)
        earlier = [day for day in self._others if day < self._day]
        before = [newest_number(self._session, day, self._source, epoch) for day in earlier]
        if known := [number for number in before if number is not None]:
            begin = max(known) + 1
        elif not self._begins_here(earlier):
            begin = first
        return Stretch(min(first, begin), last)

    def _begins_here(self, earlier: Sequence[date]) -> bool:
        # Numbers of a day that is no longer in the database may have come before.
        days = balanced_days(self._session, self._source, self._day - _NEAR, self._day)
        return days <= set(earlier)

    def _add(self, stretches: Sequence[Stretch], missing: Sequence[Stretch]) -> None:
        ends = {number for stretch in stretches for number in (stretch.first - 1, stretch.last + 1)}
        places = places_of(self._session, self._day, self._source, ends) if ends else {}
        for stretch in stretches:
            after = places.get(stretch.last + 1)
            if after and after.stored_at < self._begun:
                self._known.append(self._made(stretch, common_count(missing, stretch), places))
        self._session.add_all(self._known)

    def _made(self, stretch: Stretch, missing: int, places: dict[int, Place]) -> Gap:
        after = places[stretch.last + 1].ts
        before = places[stretch.first - 1].ts if stretch.first - 1 in places else after
        return Gap(
            kind="sequence",
            source=self._source,
            session_date=self._day,
            from_seq=stretch.first,
            to_seq=stretch.last,
            missing=missing,
            from_ts=min(before, after),
            to_ts=max(before, after),
            symbols={},
            cause="unknown",
            state="open",
            found_at=self._now,
        )


def _neighbours(session: Session, market: Market, day: date) -> list[date]:
    near = {hours.day for hours in market.sessions(day - _NEAR, day + _NEAR)}
    there = sorted(existing_partitions(session) & near)
    return [*[other for other in there if other < day][-1:], *[other for other in there if other > day][:1]]


def _nearest(losses: Sequence[Loss], ts: datetime) -> str:
    return min(losses, key=lambda loss: abs(loss.observed_at - ts)).kind if losses else "unknown"


def _symbols(losses: Sequence[Loss], missing: int) -> dict[str, int]:
    counts = Counter[str]()
    for loss in losses:
        counts[str(loss.symbol)] += loss.count
    if len(counts) == 1:
        return dict.fromkeys(counts, missing)
    return dict(counts) if counts.total() == missing else {}


def _source(run: Run) -> str:
    return run.source


def _epoch(run: Run) -> int:
    return run.epoch
