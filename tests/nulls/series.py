"""Regimes, seasonality and intervals on chance alone, and on what was put there to be found."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from app.analysis.series.diurnal import past_factors
from app.analysis.series.hmm import filtered_probabilities
from app.analysis.series.intervals import filter_volatility, track
from app.analysis.series.point import SIGNIFICANCE, compare
from app.analysis.series.regime import detect_regime, find_regimes
from app.analysis.series.seasonality import RATE, column_means
from tests.nulls.check import NullCheck, Observed
from tests.nulls.paths import YEARLY, Floats, diurnal, garch_returns, prices, symbol_data

SESSIONS, HOURS, HALF_HOURS = 23, 23, 46
HOURLY = YEARLY / np.sqrt(252 * HOURS)
Noise = Callable[[np.random.Generator, int], Floats]
NOISES: dict[str, Noise] = {
    "normal": lambda dice, count: dice.standard_normal(count),
    "t4": lambda dice, count: dice.standard_t(4, count),
    "t3": lambda dice, count: dice.standard_t(3, count),
}


def regimes_of_chance(runs: int) -> Observed:
    """Returns that depend on nothing; and ones whose size depends on the time of day alone, through the whole path."""
    rates = {
        name: np.mean([_has_regimes(noise(np.random.default_rng(run), SESSIONS * HOURS)) for run in range(runs)])
        for name, noise in NOISES.items()
    }
    rates["time of day"] = np.mean([_has_regimes_through_prices(run) for run in range(runs)])
    said = ", ".join(f"{name} {rate:.1%}" for name, rate in rates.items())
    return Observed(f"reported of {runs} each: {said}", max(rates.values()) <= 0.03)


def regimes_of_the_clock(runs: int) -> Observed:
    """The same without removing the time of day: shows that removing it is what keeps regimes away."""
    clock = np.tile(diurnal(HOURS), SESSIONS)
    found = np.mean([
        _has_regimes(np.random.default_rng(run).standard_normal(len(clock)) * clock) for run in range(runs)
    ])  # fmt: skip
    return Observed(f"reported in {found:.1%} of {runs}", found >= 0.10)


def planted_regimes(runs: int) -> Observed:
    """Two states of which one is 2.5 times as volatile, each lasting 50 hours on average."""
    found, accuracies = 0, []
    for run in range(runs):
        values, states = two_states(np.random.default_rng(run), SESSIONS * HOURS)
        chosen = find_regimes(values, run).chosen
        if chosen is not None and chosen.states == 2:
            found += 1
            accuracies.append(np.mean(filtered_probabilities(chosen, values).argmax(axis=1) == states))
    rate, accuracy = found / runs, float(np.mean(accuracies)) if accuracies else 0.0
    return Observed(
        f"found in {rate:.1%} of {runs}, filtered accuracy {accuracy:.3f}", rate >= 0.9 and accuracy >= 0.85
    )


def seasons_of_chance(runs: int) -> Observed:
    """46 half-hours of 60 sessions in which none differs."""
    rate = np.mean([_any_season(np.random.default_rng(run).standard_normal((60, HALF_HOURS))) for run in range(runs)])
    return Observed(f"any half-hour in {rate:.1%} of {runs}", rate <= 0.12)


def planted_season(runs: int) -> Observed:
    """One half-hour that rises by .6 of its standard deviation."""
    found = 0
    for run in range(runs):
        values = np.random.default_rng(run).standard_normal((60, HALF_HOURS))
        values[:, 30] += 0.6
        found += bool(column_means(values, 60).q[30] < RATE)
    return Observed(f"found in {found / runs:.1%} of {runs}", found / runs >= 0.9)


def coverage_of_intervals(runs: int) -> Observed:
    """90 % intervals, out of sample, on returns whose volatility clusters and has fat tails."""
    adapted, fixed, count = 0, 0, 0
    for run in range(runs):
        returns = garch_returns(np.random.default_rng(run), 63, HOURS)
        clock = past_factors(returns, np.tile(np.arange(HOURS), 63), 0)[:-1]
        found = track(filter_volatility(returns / clock).residuals)
        adapted, fixed, count = adapted + found.held, fixed + found.held_unadapted, count + found.n
    rates = adapted / count, fixed / count
    text = f"adapted {rates[0]:.4f}, not adapted {rates[1]:.4f} of {count:,}"
    return Observed(text, all(0.88 <= rate <= 0.92 for rate in rates))


def points_of_chance(runs: int) -> Observed:
    """How often a forecast seems to beat the random walk on random walks."""
    places = np.tile(np.arange(HOURS), 63)
    shown = np.mean([
        compare(garch_returns(np.random.default_rng(run), 63, HOURS), places, 0)[0].p < SIGNIFICANCE
        for run in range(runs)
    ])  # fmt: skip
    return Observed(f"shown in {shown:.1%} of {runs}", shown <= 0.05)


def planted_drift(runs: int) -> Observed:
    """Prices that swing around a level which hardly moves: smoothing beats the random walk."""
    places = np.tile(np.arange(HOURS), 23)
    found = 0
    for run in range(runs):
        dice = np.random.default_rng(run)
        path = np.cumsum(0.3 * dice.standard_normal(len(places) + 1)) + dice.standard_normal(len(places) + 1)
        best = compare(np.diff(path), places, 0)[0]
        found += best.p < SIGNIFICANCE and best.name == "exponential smoothing"
    return Observed(f"found in {found / runs:.1%} of {runs}", found / runs >= 0.9)


def two_states(dice: np.random.Generator, count: int) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Returns of a calm and a 2.5 times as volatile state that last 50 steps on average, and the states."""
    changes = dice.random(count) < 0.02
    states = np.cumsum(changes) % 2
    return np.where(states == 1, 2.5, 1.0) * dice.standard_normal(count), states


def _has_regimes(values: Floats) -> bool:
    return find_regimes(values, 1).chosen is not None


def _has_regimes_through_prices(run: int) -> bool:
    noise = np.random.default_rng(run).standard_normal(SESSIONS * HOURS) * HOURLY
    closes = prices(noise * np.tile(diurnal(HOURS), SESSIONS), tick=None)
    return detect_regime(symbol_data(closes, "1h"), 1)["regimes"].value != 1


def _any_season(values: Floats) -> bool:
    return bool(np.nanmin(column_means(values, 60).q) < RATE)


CHECKS = (
    NullCheck("N10", "regimes in returns without any", "<= 3 % each", regimes_of_chance, 300, 40),
    NullCheck("N10 canary", "regimes when the time of day stays in", ">= 10 %", regimes_of_the_clock, 100, 20),
    NullCheck("N11", "two planted regimes", ">= 90 % found, accuracy >= .85", planted_regimes, 200, 12),
    NullCheck("N12", "seasonality in returns without any", "<= 12 %", seasons_of_chance, 2_000, 300),
    NullCheck("N12 planted", "a half-hour that rises", ">= 90 %", planted_season, 2_000, 300),
    NullCheck("N13 intervals", "coverage of 90 % intervals", ".88 to .92", coverage_of_intervals, 100, 8),
    NullCheck("N13 points", "points shown on random walks", "<= 5 %", points_of_chance, 400, 60),
    NullCheck("N13 points planted", "prices around a level", ">= 90 %", planted_drift, 200, 30),
)
