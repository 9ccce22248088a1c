"""Support and resistance: prices at which much was traded, and whether they turned the price more than others did."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl

from app.analysis.bars import Floats, floats
from app.analysis.findings import Basis, Finding, Tree
from app.analysis.inputs import SymbolData
from app.analysis.single.bounces import AWAY
from app.analysis.single.placebos import LEAST_RANDOM, LEAST_TOUCHES, LevelTest, compare_with_random
from app.analysis.single.profile import find_profile_peaks, volume_profile
from app.analysis.statistics.shares import wilson

MOST_SESSIONS: Final = 60
LEAST_SESSIONS: Final = 5
MOST_LEVELS: Final = 5
SIGNIFICANT: Final = 0.05
# Half the width of a level in standard deviations of a 1-minute change.
BAND: Final = 2.0
_TOGETHER: Final = (
    "permutation p of all tested levels as a group against random levels of the same range; n counts levels"
)


@dataclass(frozen=True)
class _Market:
    """The bars of the newest contract that levels are looked for in."""

    typical: Floats
    closes: Floats
    weights: Floats
    by_volume: bool
    sessions: int
    step: float
    band: float
    basis: Basis


def find_levels(data: SymbolData, permutations: int, seed: int) -> Tree:
    """`support` and `resistance`, five at most each, nearest first; `together` is the test of all of them.

    Levels are peaks of the volume profile of the newest contract's last 60 sessions, by volume where the source counts
    it for every bar, else by time. Each has `level`, `bounce_rate` and `pattern_strength`, which is 1 - p; p is the
    share of `permutations` random levels of the same range that turned the price as often. It needs 5 sessions and 10
    resolved touches, else the level is not tested, and its reason says so.
    """
    bars = _newest_contract(data.frame("1m"))
    basis = _basis(data, bars)
    count = len(bars)
    if count < 2:
        nothing = basis.missing(count, _TOGETHER, f"{count} 1m bars, 2 are needed")
        return {"support": [], "resistance": [], "together": nothing}
    if np.ptp(floats(bars, "close")) == 0:
        nothing = basis.missing(count, _TOGETHER, "the price never moved", status="degraded_data")
        return {"support": [], "resistance": [], "together": nothing}
    market = _market(bars, data.terms.tick_size if data.terms else None, basis)
    levels, prominence = _candidates(market)
    tested = compare_with_random(market.closes, levels, market.band, permutations, seed)
    rows = [_level(market, tested, place, levels[place], prominence[place]) for place in range(len(levels))]
    below = levels <= market.closes[-1]
    return {
        "support": [rows[place] for place in np.flatnonzero(below)[::-1]],
        "resistance": [rows[place] for place in np.flatnonzero(~below)],
        "together": _together(market, tested),
    }


def _newest_contract(bars: pl.DataFrame) -> pl.DataFrame:
    newest = bars.filter(pl.col("segment") == pl.col("segment").last())
    days = newest["session_date"].unique().sort().tail(MOST_SESSIONS)
    return newest.filter(pl.col("session_date").is_in(days.to_list()))


def _basis(data: SymbolData, bars: pl.DataFrame) -> Basis:
    if not len(bars):
        return Basis("no 1m bars", data.asof)
    first, last = bars["session_date"][0], bars["session_date"][-1]
    return Basis(f"{len(bars):,} bars of 1m of the newest contract, {first} to {last}", data.asof)


def _market(bars: pl.DataFrame, tick_size: float | None, basis: Basis) -> _Market:
    closes, volume = floats(bars, "close"), floats(bars, "volume")
    by_volume = bool(np.isfinite(volume).all() and volume.sum() > 0)
    moves = np.abs(np.diff(closes))
    deviation = float(np.sqrt(np.mean(moves**2)))
    step = tick_size or deviation / 4
    return _Market(
        typical=(floats(bars, "high") + floats(bars, "low") + closes) / 3,
        closes=closes,
        weights=volume if by_volume else np.ones(len(closes)),
        by_volume=by_volume,
        sessions=bars["session_date"].n_unique(),
        step=step,
        band=max(BAND * deviation, step),
        basis=basis,
    )


def _candidates(market: _Market) -> tuple[Floats, Floats]:
    """The most prominent peaks on each side of the last close, in order of price, and their prominence."""
    centres, weights = volume_profile(market.typical, market.weights, market.step)
    peaks = find_profile_peaks(centres, weights, spread=market.band, apart=AWAY * market.band)
    below = peaks.price <= market.closes[-1]
    kept: list[int] = []
    for side in (np.flatnonzero(below), np.flatnonzero(~below)):
        kept += side[np.argsort(-peaks.prominence[side], kind="stable")[:MOST_LEVELS]].tolist()
    chosen = sorted(kept)
    return peaks.price[chosen], peaks.prominence[chosen]


def _level(market: _Market, tested: LevelTest, place: int, price: float, prominence: float) -> dict[str, Finding]:
    basis, resolved = market.basis, int(tested.bounces.resolved[place])
    kind = "volume" if market.by_volume else "time, because the source counts no volume,"
    method = f"peak of the {kind} at the typical price of 1m bars, Gaussian smoothed; n counts resolved touches"
    unknown = _not_tested(market, tested, place)
    told: dict[str, Any] = {"unit": "points", "label": "support" if price <= market.closes[-1] else "resistance"}
    told |= {"status": "low_history", "reason": unknown} if unknown else {}
    strength = _strength(market, tested, place, unknown)
    if not unknown:
        told |= {"status": strength.status, "p_value": strength.p_value}
    return {
        "level": basis.found(price, resolved, method, **told),
        "prominence": basis.found(prominence, len(market.closes), "prominence over the highest peak; n counts bars"),
        "bounce_rate": _bounce_rate(market, tested, place),
        "pattern_strength": strength,
    }


def _bounce_rate(market: _Market, tested: LevelTest, place: int) -> Finding:
    method = f"touches within {market.band:.6g} points after which the price turned back by {AWAY:g} times that; Wilson"
    resolved, bounced = int(tested.bounces.resolved[place]), int(tested.bounces.bounced[place])
    if resolved < LEAST_TOUCHES:
        return market.basis.missing(resolved, method, f"{resolved} resolved touches, {LEAST_TOUCHES} are needed")
    reason = f"random levels turn it in {tested.chance:.3f} of touches"
    return market.basis.found(bounced / resolved, resolved, method, ci=wilson(bounced, resolved), reason=reason)


def _strength(market: _Market, tested: LevelTest, place: int, unknown: str) -> Finding:
    method = f"1 - p, permutation against {tested.random[place]} random levels of the same range, Osler 2000"
    resolved, p = int(tested.bounces.resolved[place]), float(tested.p[place])
    if unknown:
        return market.basis.missing(resolved, method, unknown)
    return market.basis.found(1 - p, resolved, method, p_value=p, status="ok" if p < SIGNIFICANT else "not_significant")


def _not_tested(market: _Market, tested: LevelTest, place: int) -> str:
    """Why a level is not tested, empty when it is."""
    resolved = int(tested.bounces.resolved[place])
    if market.sessions < LEAST_SESSIONS:
        return f"not tested: {market.sessions} sessions of the contract, {LEAST_SESSIONS} are needed"
    if resolved < LEAST_TOUCHES:
        return f"not tested: {resolved} resolved touches, {LEAST_TOUCHES} are needed"
    if tested.random[place] < LEAST_RANDOM:
        count = tested.random[place]
        return f"not tested: {count} random levels elsewhere have {LEAST_TOUCHES} touches, {LEAST_RANDOM} are needed"
    return ""


def _together(market: _Market, tested: LevelTest) -> Finding:
    count = int(np.isfinite(tested.p).sum())
    if market.sessions < LEAST_SESSIONS or tested.together is None:
        reason = f"{count} levels could be tested over {market.sessions} sessions, 1 and {LEAST_SESSIONS} are needed"
        return market.basis.missing(count, _TOGETHER, reason)
    p = tested.together
    return market.basis.found(1 - p, count, _TOGETHER, p_value=p, status="ok" if p < SIGNIFICANT else "not_significant")
