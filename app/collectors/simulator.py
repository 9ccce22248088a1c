"""The source SIMULATED: seeded past sessions as a whole, and a live feed in small steps."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain
from math import isfinite, sqrt
from operator import itemgetter
from typing import Final

import numpy as np

from app.collectors.simulated_feed import Feed
from app.collectors.simulated_session import CHICAGO, session_strip
from app.collectors.simulation import DAY_ACTIVITY_S, MODELS, Ints, activity_at, blended, source_of_chance
from app.collectors.tape import Strip
from app.errors import Rejected
from app.market.market import Market
from app.market.markets import market
from app.market.sessions import RollWindow, Session
from app.market.timetable import micros_of
from app.quotes import Quote

MAX_RATE_PER_S: Final = 50_000
LONGEST_STEP_US: Final = 10_000_000
_CHUNK_QUOTES: Final = 16_384


def session_quotes(
    session: Session, symbols: Sequence[str], seed: int, ticks_per_symbol: int, where: Market | None = None
) -> Iterator[Quote]:
    """A whole past session of those symbols, in order of time, `seq` 1 to n.

    The same seed, session and symbol give the same ticks whatever the other symbols are, and `close` is the last price
    of the session before in the market `where` (CME_Futures unless told). Rejected, before the first quote, on an
    unknown symbol, a negative seed or fewer than one tick per symbol.
    """
    names = _checked(symbols, seed)
    if ticks_per_symbol < 1:
        raise Rejected(f"{ticks_per_symbol} ticks per symbol are too few: give at least 1")
    earlier = (where or market()).last_completed(session.open, 1)
    before = earlier[0].day if earlier else None
    return _merged([session_strip(session, before, name, seed, ticks_per_symbol) for name in names])


class LiveSimulation:
    """A feed that goes on for ever, whatever the market's hours; whoever steps it decides when it should run.

    `rate_per_s` is the mean number of quotes of all symbols together from 08:30 to 15:00 Chicago; other hours follow
    the day's pattern (a quiet night has a fifteenth of it). `next_seq` numbers the quotes in order of time. A symbol
    starts from its quote in `latest` (the figures go on if that is of the same trading day), else from its last price
    in `prices`, else from a base price. A symbol is quoted while `is_traded` says so, whatever the hours unless told;
    it is asked at every step. Rejected on an unknown symbol, a negative seed or a rate that is not above 0
    and at most 50,000. Use it from one thread.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        seed: int,
        rate_per_s: float,
        next_seq: Callable[[], int],
        *,
        prices: Mapping[str, Decimal] | None = None,
        latest: Mapping[str, Quote] | None = None,
        where: Market | None = None,
        is_traded: Callable[[str, datetime], bool] = lambda _symbol, _now: True,
    ) -> None:
        names = _checked(symbols, seed)
        if not (isfinite(rate_per_s) and 0 < rate_per_s <= MAX_RATE_PER_S):
            raise Rejected(f"the rate {rate_per_s} is not above 0 and at most {MAX_RATE_PER_S} quotes per second")
        shares = np.array([MODELS[name].share for name in names])
        self._rates = rate_per_s * shares / shares.sum()
        self._next_seq = next_seq
        self._market = where or market()
        self._chance = source_of_chance(seed, "live")
        self._feeds = [Feed(name, (prices or {}).get(name), (latest or {}).get(name)) for name in names]
        self._groups = sorted({feed.model.group for feed in self._feeds})
        self._is_traded = is_traded
        self._begun: set[str] = set()
        self._window: RollWindow | None = None
        self._reached_us = 0

    def step(self, now: datetime) -> list[Quote]:
        """The quotes due since the last step, in order of time, none of them after `now`.

        A symbol's first quote is stamped `now`. A step covers at most the last 10 seconds, so a
        pause of the process does not become a flood; a clock that stands or goes back gives nothing. Rejected when
        `now` is naive or outside the market's calendar.
        """
        if now.utcoffset() is None:
            raise Rejected(f"the time {now} has no zone: pass an aware datetime")
        now_us = micros_of(now)
        if now_us <= self._reached_us:
            return []
        begin_us = max(self._reached_us, now_us - LONGEST_STEP_US, self._enter(now))
        self._reached_us = now_us
        pace = float(activity_at(np.array(_local_hour(now))))
        traded = {feed.symbol for feed in self._feeds if self._is_traded(feed.symbol, now)}
        beginning = [feed for feed in self._feeds if feed.symbol in traded - self._begun]
        strips = self._strips(begin_us, now_us, pace, traded & self._begun) if self._begun else []
        self._begun |= traded
        return self._numbered([*(feed.snapshot(self._chance, now_us, pace) for feed in beginning), *strips])

    def _enter(self, now: datetime) -> int:
        if self._window is None or not self._window.start <= now < self._window.end:
            self._window = self._market.window_of(now)
            for feed in self._feeds:
                feed.enter(self._window.day)
        return micros_of(self._window.start) - 1

    def _strips(self, begin_us: int, now_us: int, pace: float, symbols: Collection[str]) -> list[Strip]:
        elapsed_s = (now_us - begin_us) / 1e6
        counts = self._chance.poisson(self._rates * pace * elapsed_s).tolist()
        common = {group: float(self._chance.standard_normal()) for group in self._groups}
        scale = sqrt(pace * elapsed_s / DAY_ACTIVITY_S)
        strips = []
        for feed, count in zip(self._feeds, counts, strict=True):
            move = blended(feed.model, common[feed.model.group], float(self._chance.standard_normal()))
            progress = np.sort(self._chance.random(count if feed.symbol in symbols else 0))
            stamps = begin_us + 1 + (progress * (now_us - begin_us)).astype(np.int64)
            strips.append(feed.advance(self._chance, stamps, progress, scale * move, pace))
        return [strip for strip in strips if strip is not None]

    def _numbered(self, strips: list[Strip]) -> list[Quote]:
        if not strips:
            return []
        ranks = _ranks([strip.ts_us for strip in strips])
        seqs = np.array([self._next_seq() for _ in range(sum(rank.size for rank in ranks))], dtype=np.int64)
        parts = [strip.quotes(seqs[rank]) for strip, rank in zip(strips, ranks, strict=True)]
        return sorted(chain.from_iterable(parts), key=itemgetter(2))


def _local_hour(now: datetime) -> float:
    local = now.astimezone(CHICAGO)
    return local.hour + local.minute / 60


def _merged(strips: list[Strip]) -> Iterator[Quote]:
    ranks = _ranks([strip.ts_us for strip in strips])
    for begin in range(0, sum(rank.size for rank in ranks), _CHUNK_QUOTES):
        batch: list[Quote] = []
        for strip, rank in zip(strips, ranks, strict=True):
            start, end = np.searchsorted(rank, (begin, begin + _CHUNK_QUOTES)).tolist()
            batch += strip.part(start, end).quotes(rank[start:end] + 1)
        yield from sorted(batch, key=itemgetter(2))


def _ranks(stamps: Sequence[Ints]) -> list[Ints]:
    order = np.argsort(np.concatenate(stamps), kind="stable")
    places = np.empty_like(order)
    places[order] = np.arange(order.size)
    return np.split(places, np.cumsum([stamp.size for stamp in stamps])[:-1])


def _checked(symbols: Sequence[str], seed: int) -> list[str]:
    names = list(dict.fromkeys(symbols))
    if not names:
        raise Rejected("no symbol is named: give at least one, such as ES")
    if unknown := [name for name in names if name not in MODELS]:
        raise Rejected(f"{', '.join(unknown)} cannot be simulated: known are {', '.join(MODELS)}")
    if seed < 0:
        raise Rejected(f"the seed {seed} is negative: give a whole number from 0")
    return names
