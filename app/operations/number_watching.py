"""Sequence gaps of a trading day: numbers that a source gave and that are neither stored nor put aside."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeGuard

from sqlalchemy.orm import Session

from app.bus.leases import TOKEN_EPOCH_S
from app.ledger.balance import Run
from app.ledger.gap_evidence import losses_of_day
from app.ledger.gaps import GapFilter, read_gaps
from app.ledger.given_numbers import LastNumber, last_numbers, sources_that_gave
from app.ledger.models import Gap
from app.ledger.numbers import (
    Holes,
    Place,
    Stretch,
    accounted_elsewhere,
    few,
    places_of,
    sides_of,
    singles,
    stored_stretches,
    without,
)
from app.market.market import Market
from app.operations.day_figures import DayCount
from app.operations.gap_explaining import Lack, explain_lacks
from app.quotes import UNNUMBERED, epoch_of, seq_of
from app.ticks.partitions import existing_partitions

GAPS_PER_DAY: Final = 500  # Per source; beyond it neighbours become one gap with some stored numbers inside.
_NEAR: Final = timedelta(days=10)  # Longer than any holiday closes a market.


def watch_numbers(session: Session, market: Market, counted: DayCount, begun: datetime, now: datetime) -> None:
    """Record a day's sequence gaps, and bring up to date those that are known.

    A gap is open until its numbers turn up (backfilled), or until losses that are counted explain all that it lacks
    (unrecoverable). Numbers that may still come are left for later: those that were not known to be given at `begun`,
    and above which nothing was stored by then.
    """
    sources = {run.source for run in counted.runs} | sources_that_gave(session, counted.day)
    for source in sorted(sources - UNNUMBERED):
        watch = _Watch(session, market, counted.day, source, begun, now)
        watch.update([run for run in counted.runs if run.source == source])
        watch.explain()


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
        given = last_numbers(session, source, day)
        self._last = {one.epoch: one for one in given if one.day == day}
        self._earlier = [one for one in given if one.day < day]

    def update(self, runs: Sequence[Run]) -> None:
        epochs = {run.epoch for run in runs} | self._last.keys() | {epoch_of(gap.from_seq) for gap in self._known}
        for epoch in sorted(epochs):
            same = [run for run in runs if run.epoch == epoch]
            known = [gap for gap in self._known if epoch_of(gap.from_seq) == epoch]
            whole = self._whole(epoch, same, known)
            unstored = whole.last - whole.first + 1 - sum(run.count for run in same)
            if not self._is_as_known(whole, unstored, known):
                self._renew(epoch, known, *(self._look_for(whole) if unstored > 0 else ([], [])))

    def explain(self) -> None:
        lacking = [gap for gap in self._known if gap.missing]
        losses = losses_of_day(self._session, self._source, self._day) if lacking else []
        found = explain_lacks([self._lack(gap) for gap in lacking], losses)
        for gap, explanation in zip(lacking, found, strict=True):
            gap.state = "unrecoverable" if explanation.is_lost else "open"
            gap.closed_at = gap.closed_at or self._now if explanation.is_lost else None
            gap.cause, gap.symbols = explanation.cause, dict(explanation.symbols)

    def _is_as_known(self, whole: Stretch, unstored: int, known: Sequence[Gap]) -> bool:
        # Looking for the numbers costs passes over the day, which a day that grows can wait for until it is over.
        if not self._is_running or not known:
            return False
        dead = accounted_elsewhere(self._session, self._source, [], self._day, whole)
        aside = sum(whole.first <= number <= whole.last for number in dead)
        return unstored == aside + sum(gap.missing for gap in known)

    def _renew(self, epoch: int, known: Sequence[Gap], stored: list[Stretch], missing: list[Stretch]) -> None:
        holes = Holes(missing)
        recorded = [Stretch(gap.from_seq, gap.to_seq) for gap in known]
        for gap, stretch in zip(known, recorded, strict=True):
            gap.missing = holes.within(stretch)
            if not gap.missing:
                gap.state, gap.closed_at = "backfilled", gap.closed_at or self._now
        fresh = holes.outside(recorded)
        joined = few(fresh, max(1, GAPS_PER_DAY - len(self._known)))
        if len(joined) < len(fresh):  # What lies between has its own gap where it is known already.
            joined = [part for stretch in joined for part in without(stretch, recorded) if holes.within(part)]
        self._add(self._last.get(epoch), joined, stored, holes)

    def _look_for(self, whole: Stretch) -> tuple[list[Stretch], list[Stretch]]:
        stored = sorted(stored_stretches(self._session, self._day, self._source, whole))
        missing = without(whole, stored)
        if missing:
            within = Stretch(missing[0].first, missing[-1].last)
            elsewhere = accounted_elsewhere(self._session, self._source, self._others, self._day, within)
            missing = without(whole, stored + singles(elsewhere))
        return stored, missing

    def _whole(self, epoch: int, runs: Sequence[Run], known: Sequence[Gap]) -> Stretch:
        told = self._last.get(epoch)
        firsts = [run.min_seq for run in runs] + [gap.from_seq for gap in known]
        lasts = [run.max_seq for run in runs] + [gap.to_seq for gap in known]
        if told:
            # Of an earlier day are all numbers up to the last that it is known to have.
            firsts.append(max((one.seq for one in self._earlier if one.epoch == epoch), default=seq_of(epoch, 0)) + 1)
        if self._is_settled(told):
            lasts.append(told.seq)
        return Stretch(min(firsts), max(lasts, default=0))

    def _is_settled(self, told: LastNumber | None) -> TypeGuard[LastNumber]:
        return told is not None and told.told_at < self._begun

    def _add(self, told: LastNumber | None, fresh: Sequence[Stretch], stored: list[Stretch], holes: Holes) -> None:
        sides = [sides_of(stretch, stored) for stretch in fresh]
        numbers = {number for pair in sides for number in pair if number is not None}
        places = places_of(self._session, self._day, self._source, numbers) if numbers else {}
        for stretch, numbers_beside in zip(fresh, sides, strict=True):
            before, after = (None if number is None else places.get(number) for number in numbers_beside)
            is_dealt_with = self._is_settled(told) and stretch.last <= told.seq
            if is_dealt_with or (after and after.stored_at < self._begun):
                gap = self._made(stretch, holes.within(stretch), before, after)
                self._known.append(gap)
                self._session.add(gap)

    def _made(self, stretch: Stretch, missing: int, before: Place | None, after: Place | None) -> Gap:
        times = [place.ts for place in (before, after) if place]
        times = times or [self._last[epoch_of(stretch.first)].told_at]
        return Gap(
            kind="sequence",
            source=self._source,
            session_date=self._day,
            from_seq=stretch.first,
            to_seq=stretch.last,
            missing=missing,
            from_ts=min(times),
            to_ts=max(times),
            preceded_at=before.received_at if before else None,
            followed_at=after.stored_at if after else None,
            symbols={},
            cause="unknown",
            state="open",
            found_at=self._now,
        )

    def _lack(self, gap: Gap) -> Lack:
        epoch = epoch_of(gap.from_seq)
        told = self._last.get(epoch)
        return Lack(
            Stretch(gap.from_seq, gap.to_seq),
            gap.missing,
            preceded_at=gap.preceded_at,
            followed_at=gap.followed_at,
            # A token is the second in which it was given; two of one second are rare.
            given_from=datetime.fromtimestamp(TOKEN_EPOCH_S + epoch, UTC),
            given_by=told.told_at if told else gap.found_at,
        )


def _neighbours(session: Session, market: Market, day: date) -> list[date]:
    near = {hours.day for hours in market.sessions(day - _NEAR, day + _NEAR)}
    there = sorted(existing_partitions(session) & near)
    return [*[other for other in there if other < day][-1:], *[other for other in there if other > day][:1]]
