"""Which losses explain which gaps: by what ties them together, and where that leaves a doubt, not at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.ledger.gap_evidence import LocatedLoss, Span
from app.ledger.numbers import Stretch

UNKNOWN: Final = "unknown"
_CLOCKS_DIFFER: Final = timedelta(seconds=2)  # Of collectors, Redis and PostgreSQL; and evidence is in whole seconds.


@dataclass(frozen=True)
class Lack:
    """What a gap lacks: `missing` of the numbers.

    Its stored neighbours, where it has them, were received at `preceded_at` and stored at `followed_at`. None of the
    numbers was given before `given_from`, or published after `given_by`.
    """

    numbers: Stretch
    missing: int
    preceded_at: datetime | None
    followed_at: datetime | None
    given_from: datetime
    given_by: datetime


@dataclass(frozen=True)
class Explanation:
    """Whether losses account for all that a gap lacks, the kind of most of them, and its symbols as far as is sure."""

    is_lost: bool
    cause: str = UNKNOWN
    symbols: Mapping[str, int] = field(default_factory=dict)


def explain_lacks(lacks: Sequence[Lack], losses: Sequence[LocatedLoss]) -> list[Explanation]:
    """What became of the numbers that the gaps of a source and day lack, in the order of the gaps.

    A loss that can be of one gap only is that gap's. Entries that were trimmed at once, and can be of several gaps, are
    of the only one that lacks exactly as many. Losses that can be of several gaps otherwise explain these when they add
    up to exactly what these lack; and so do all losses of the day that are left, with all gaps that are left.
    """
    explainer = _Explainer(lacks, losses)
    explainer.take_certain()
    explainer.take_fitting()
    explainer.settle_tied()
    explainer.settle_rest()
    return explainer.explanations()


class _Explainer:
    def __init__(self, lacks: Sequence[Lack], losses: Sequence[LocatedLoss]) -> None:
        self._losses = losses
        self._lacking = [lack.missing for lack in lacks]
        self._left = [loss.count for loss in losses]
        self._ties = [{place for place, lack in enumerate(lacks) if _can_be_of(loss, lack)} for loss in losses]
        self._kinds = [Counter[str]() for _ in lacks]
        self._symbols = [Counter[str]() for _ in lacks]
        self._given: list[tuple[LocatedLoss, int, int]] = []  # To which gap, and of how many events.
        self._is_mixed = len({loss.symbol for loss in losses}) > 1
        self._blurred = set[int]()  # Gaps of which it is not sure any more what symbols they lack.

    def take_certain(self) -> None:
        for number, places in enumerate(self._ties):
            if len(places) == 1:
                [place] = places
                taken = min(self._left[number], self._lacking[place])
                if taken < self._left[number] and self._is_mixed:
                    self._blurred.add(place)
                self._give(number, place, taken)

    def take_fitting(self) -> None:
        # What was trimmed away at once was one piece of the stream, and is therefore one stretch of numbers.
        together: dict[tuple[str, Span], list[int]] = {}
        for number, loss in enumerate(self._losses):
            if loss.span and self._ties[number] and self._left[number]:
                together.setdefault((loss.kind, loss.span), []).append(number)
        for numbers in together.values():
            count = sum(self._left[number] for number in numbers)
            fitting = [place for place in self._ties[numbers[0]] if self._lacking[place] == count]
            if len(fitting) == 1:
                for number in numbers:
                    self._give(number, fitting[0], self._left[number])

    def settle_tied(self) -> None:
        groups: list[tuple[set[int], set[int]]] = []
        for number, places in enumerate(self._ties):
            group = {number}, {place for place in places if self._lacking[place]}
            if self._left[number] and group[1]:
                for other in [other for other in groups if other[1] & group[1]]:
                    groups.remove(other)
                    group = group[0] | other[0], group[1] | other[1]
                groups.append(group)
        for numbers, places in groups:
            self._settle(numbers, places)

    def settle_rest(self) -> None:
        numbers = {number for number, left in enumerate(self._left) if left}
        self._settle(numbers, {place for place, lacking in enumerate(self._lacking) if lacking})

    def explanations(self) -> list[Explanation]:
        # The symbols of losses that a balance assigned together are right in sum only.
        together: dict[datetime | None, set[int]] = {}
        for loss, place, _count in self._given:
            together.setdefault(loss.assigned_at, set()).add(place)
        for loss, place, count in self._given:
            if loss.assigned_at is None or len(together[loss.assigned_at]) == 1 or not self._is_mixed:
                self._symbols[place][loss.symbol] += count
        return [self._explanation(place) for place in range(len(self._lacking))]

    def _settle(self, numbers: set[int], places: set[int]) -> None:
        if sum(self._left[number] for number in numbers) != sum(self._lacking[place] for place in places):
            return
        if self._blurred:
            self._blurred |= places
        if len(places) == 1:
            [place] = places
            for number in numbers:
                self._give(number, place, self._left[number])
            return
        kinds = {self._losses[number].kind for number in numbers}
        symbols = {self._losses[number].symbol for number in numbers}
        for place in places:
            lacking, self._lacking[place] = self._lacking[place], 0
            self._kinds[place][min(kinds) if len(kinds) == 1 else UNKNOWN] += lacking
            if len(symbols) == 1:
                self._symbols[place][min(symbols)] += lacking
        for number in numbers:
            self._left[number] = 0

    def _give(self, number: int, place: int, count: int) -> None:
        if not count:
            return
        loss = self._losses[number]
        self._left[number] -= count
        self._lacking[place] -= count
        self._kinds[place][loss.kind] += count
        self._given.append((loss, place, count))

    def _explanation(self, place: int) -> Explanation:
        symbols = {} if place in self._blurred else dict(self._symbols[place])
        if self._lacking[place]:
            return Explanation(is_lost=False, symbols=symbols)
        [(kind, _count)] = self._kinds[place].most_common(1)
        return Explanation(True, kind, symbols)


def _can_be_of(loss: LocatedLoss, lack: Lack) -> bool:
    if loss.numbers:
        return lack.numbers.first <= loss.numbers.last and loss.numbers.first <= lack.numbers.last
    return loss.span is not None and _began_before(loss.span, lack) and _ended_after(loss.span, lack)


def _began_before(span: Span, lack: Lack) -> bool:
    # What is before the gap was read before the loss; nothing of the loss was there before it was given.
    if lack.preceded_at is None:
        return lack.given_from <= span.until + _CLOCKS_DIFFER
    return span.after is None or lack.preceded_at <= span.after + _CLOCKS_DIFFER


def _ended_after(span: Span, lack: Lack) -> bool:
    # What is after the gap was read after the loss was noticed.
    if lack.followed_at is None:
        return span.after is None or lack.given_by >= span.after - _CLOCKS_DIFFER
    return lack.followed_at >= span.until - _CLOCKS_DIFFER
