"""What trend and levels say of random walks, and whether a price that turns the market is found."""

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from app.analysis.bars import SESSION
from app.analysis.findings import Finding
from app.analysis.inputs import SymbolData
from app.analysis.single.judgement import STRONG, TREND
from app.analysis.single.levels import find_levels
from app.analysis.single.trend import measure_trend
from tests.nulls.check import NullCheck, Observed
from tests.nulls.paths import SESSION_MINUTES, YEARLY, Floats, diurnal, garch_returns, prices, resampled, symbol_data

SESSIONS = 23
MINUTE = YEARLY / np.sqrt(252 * SESSION_MINUTES)
WALL = 5_000.0
# Of a standard deviation of a one-minute move: where the wall is felt, and where it is forgotten.
NEAR, FAR = 2.0, 6.0
# How much of its distance from the wall the market loses each minute, so that it comes back often enough.
PULL = 1 / 1_800


def trend_of_walks(runs: int) -> Observed:
    """How often the t of hourly returns of a random walk passes the thresholds of a trend."""
    found = np.array([t_of_walk(seed) for seed in range(runs)])
    weak, strong = np.mean(found > TREND), np.mean(found > STRONG)
    low, high, most = (
        0.08 - slack(0.08, runs, 2_000), 0.125 + slack(0.125, runs, 2_000), 0.015 + slack(0.015, runs, 2_000)
    )  # fmt: skip
    text = f"|t| > {TREND} in {weak:.2%}, > {STRONG} in {strong:.2%} of {runs} walks"
    return Observed(text, bool(low <= weak <= high and strong <= most))


def combined_trend_of_walks(runs: int) -> Observed:
    """How often all timeframes together call a random walk a trend."""
    p = np.array([figure(measure_trend(walk(seed, longer=True))["combined"]).p_value for seed in range(runs)])
    weak, strong = np.mean(p < 0.10), np.mean(p < 0.01)
    passed = 0.05 - slack(0.05, runs, 400) <= weak <= 0.14 + slack(0.14, runs, 400) and strong <= 0.025 + slack(
        0.025, runs, 400
    )
    return Observed(f"p < .10 in {weak:.2%}, p < .01 in {strong:.2%} of {runs} walks", bool(passed))


def levels_of_walks(runs: int) -> Observed:
    """How often a level of a random walk passes its test."""
    p, together = [], []
    for seed in range(runs):
        levels = find_levels(walk(seed), 199, seed)
        p += [found.p_value for found in strengths(levels) if found.p_value is not None]
        together.append(figure(levels["together"]).p_value)
    share, group = np.mean(np.array(p) < 0.05), np.mean(np.array(together, float) < 0.05)
    text = f"p < .05 in {share:.2%} of {len(p)} levels, in {group:.2%} of {runs} walks for all levels as a group"
    return Observed(text, bool(share <= 0.08 and group <= 0.08 + slack(0.08, runs, 200)))


def levels_at_walls(runs: int) -> Observed:
    """How often a price that turns 85 % of approaches is among the levels found, and passes."""
    share, touches = passing_levels(runs, holds=0.85)
    return Observed(f"found {share:.1%} of {runs} walls, touched {touches:.0f} times", share >= 0.85)


def levels_at_busy_prices(runs: int) -> Observed:
    """How often a price at which much is traded passes though it turns nothing."""
    share, touches = passing_levels(runs, holds=0.0)
    text = f"found {share:.1%} of {runs} busy prices, touched {touches:.0f} times"
    return Observed(text, share <= 0.08 + slack(0.08, runs, 200))


def passing_levels(runs: int, holds: float) -> tuple[float, float]:
    """How often a level at the wall is found and passes, and how often such levels were touched."""
    found, touches = 0, []
    for seed in range(runs):
        data = walled(seed, holds)
        near = [
            row for side in ("support", "resistance") for row in find_levels(data, 199, seed)[side]
            if abs(row["level"].value - WALL) <= FAR * MINUTE * WALL
        ]  # fmt: skip
        touches += [row["level"].n for row in near]
        found += any((row["pattern_strength"].p_value or 1.0) < 0.05 for row in near)
    return found / runs, float(np.mean(touches or [0]))


def t_of_walk(seed: int) -> float:
    returns = garch_returns(np.random.default_rng(seed), SESSIONS, 23)
    return abs(figure(measure_trend(symbol_data(prices(returns), "1h"))["1h"]["t"]).value)


def walk(seed: int, *, longer: bool = False) -> SymbolData:
    """Minutes of a random walk, and the longer timeframes when asked for."""
    return minutes(prices(garch_returns(np.random.default_rng(seed), SESSIONS, SESSION_MINUTES)), longer=longer)


def minutes(closes: Floats, *, longer: bool = False) -> SymbolData:
    before = np.concatenate(([closes[0]], closes[:-1]))
    bars = (
        calm()
        .frame("1m")
        .with_columns(
            open=pl.Series(before),
            high=pl.Series(np.maximum(before, closes)),
            low=pl.Series(np.minimum(before, closes)),
            close=pl.Series(closes),
        )
    )
    others = {name: resampled(bars, name) for name in ("5m", "15m", "1h", SESSION)} if longer else {}
    return replace(calm(), bars={"1m": bars, **others})


@cache
def calm() -> SymbolData:
    """Minutes in which nothing happens, whose times all paths share."""
    return replace(symbol_data(np.full(SESSIONS * SESSION_MINUTES, WALL)), ticks=0)


def walled(seed: int, holds: float) -> SymbolData:
    """A walk that a price turns back in a share of approaches; at the wall five times as much is traded."""
    dice = np.random.default_rng(seed)
    steps = dice.standard_normal(SESSIONS * SESSION_MINUTES) * np.tile(diurnal(SESSION_MINUTES), SESSIONS)
    closes = np.round(reflected(steps, dice.random(len(steps)) < holds) * MINUTE * WALL / 0.25) * 0.25 + WALL
    data = minutes(closes)
    busy = (pl.col("close") - WALL).abs() <= NEAR * MINUTE * WALL
    bars = data.frame("1m").with_columns(volume=pl.when(busy).then(500).otherwise(100).cast(pl.Int64))
    return replace(data, bars={"1m": bars})


def reflected(steps: Floats, holds: npt.NDArray[np.bool_]) -> Floats:
    """The path of steps from 10 above a wall at 0, which holds or not for the whole of an approach."""
    place, side, held, path = 10.0, 1.0, None, np.empty(len(steps))
    for number, step in enumerate(steps.tolist()):
        if abs(place) >= FAR:
            side, held = np.sign(place), None
        elif held is None and abs(place) <= NEAR:
            held = holds[number]
        place += step - PULL * place
        if held and place * side < 0:
            place = -place
        path[number] = place
    return path


def strengths(levels: dict) -> list[Finding]:
    return [row["pattern_strength"] for side in ("support", "resistance") for row in levels[side]]


def figure(node: object) -> Finding:
    assert isinstance(node, Finding)
    return node


def slack(share: float, runs: int, full: int) -> float:
    """What chance adds to a share when there are fewer runs than the bounds were set for: two standard errors."""
    return 0.0 if runs >= full else 2 * float(np.sqrt(share * (1 - share) / runs))


CHECKS = (
    NullCheck(
        "N8", "trend score on random walks", "|t| > 1.645 in 8 to 12.5 %, > 2.576 in at most 1.5 %",
        trend_of_walks, full=2_000, quick=200,
    ),
    NullCheck(
        "N8c", "trend of all timeframes on random walks", "p < .10 in 5 to 14 %, p < .01 in at most 2.5 %",
        combined_trend_of_walks, full=400, quick=10,
    ),
    NullCheck(
        "N9", "level test on random walks", "p < .05 in at most 8 % of levels, and of walks",
        levels_of_walks, full=200, quick=10,
    ),
    NullCheck(
        "N9w", "level test on walls that hold in 85 % of approaches", "at least 85 % found",
        levels_at_walls, full=200, quick=10,
    ),
    NullCheck(
        "N9b", "level test on busy prices that turn nothing", "at most 8 % found",
        levels_at_busy_prices, full=200, quick=10,
    ),
)  # fmt: skip
