"""Null and planted tests of many symbols, of risk and of the backtest."""

import numpy as np

from app.analysis.backtest.chance import compare_with_chance
from app.analysis.backtest.rules import crossover
from app.analysis.backtest.vectorised import Costs
from app.analysis.bars import Floats
from app.analysis.findings import Basis, Finding
from app.analysis.portfolio.analysing import MIXES, analyse_portfolio
from app.analysis.portfolio.correlation import correlate, correlation_figure
from app.analysis.portfolio.ranking import rank_symbols
from app.analysis.portfolio.synchrony import Common, Moves, common_returns, hayashi_yoshida
from app.analysis.question import Parameters
from app.analysis.risk.backtesting import kupiec
from app.analysis.risk.value_at_risk import forecasts
from tests.nulls.check import NullCheck, Observed
from tests.nulls.paths import FIRST_DAY, diurnal, frame, garch_returns, hours_of, prices, symbol_data

BASIS = Basis("made market", hours_of(FIRST_DAY).close)
RHO = 0.9
SESSION_S = 23 * 3_600
# Mean seconds between ticks of the busy and of the quiet symbol.
WAITS_S = (5.0, 20.0)


def tails_that_hold(runs: int) -> Observed:
    """How often Kupiec rejects one-step 99 % forecasts on GARCH-t sessions, filtered and plain."""
    filtered = plain = 0
    for seed in range(runs):
        returns = garch_returns(np.random.default_rng(seed), 1_000, 1)
        made = forecasts(returns, 0.99)
        filtered += is_rejected(returns, made)
        plain += is_rejected(returns, plain_forecasts(returns))
    shares = filtered / runs, plain / runs
    text = f"99 % VaR rejected on {shares[0]:.1%} of {runs} paths; plain historical {shares[1]:.1%}"
    return Observed(text, shares[0] <= 0.08 and shares[1] >= 0.10)


def asynchronous_ticks(runs: int) -> Observed:
    """The correlation of two symbols whose ticks never meet: by Hayashi-Yoshida, of 15 minutes, of one second."""
    found = np.array([tick_correlations(np.random.default_rng(seed)) for seed in range(runs)])
    hayashi, quarter, second = found.mean(axis=0)
    text = f"true 0.90: Hayashi-Yoshida {hayashi:.3f}, 15 m {quarter:.3f}, 1 s {second:.3f}; {runs} markets"
    return Observed(text, bool(abs(hayashi - RHO) <= 0.03 and quarter >= 0.85 and second <= 0.10))


def copies_of_one_symbol(runs: int) -> Observed:
    """What four names of one symbol are called: one bet, or more."""
    ratios, bets = [], []
    for seed in range(runs):
        closes = prices(garch_returns(np.random.default_rng(seed), 23, 92))
        found = analyse_portfolio({name: symbol_data(closes, "15m", symbol=name) for name in "ABCD"}, Parameters())
        told = [found["diversification"][mix] for mix in MIXES]
        ratios += [one["diversification_ratio"].value for one in told]
        bets += [one["effective_bets"].value for one in told]
    worst = max(abs(value - 1) for value in (*ratios, *bets))
    return Observed(f"ratio and bets of 4 copies differ from 1 by {worst:.1e} at most; {runs} markets", worst < 5e-4)


def correlation_intervals(runs: int) -> Observed:
    """How often the 95 % interval of a 15-minute correlation holds the true one, where volatility clusters."""
    held = 0
    for seed in range(runs):
        figure = correlation_of(np.random.default_rng(seed), 0.6)
        held += figure.ci[0] <= 0.6 <= figure.ci[1]
    return Observed(f"the 95 % interval holds the true correlation in {held / runs:.1%} of {runs}", held / runs >= 0.90)


def ranking_of_alike(runs: int) -> Observed:
    """How often four random walks are told apart, and how often a planted climber is first alone."""
    apart = first = 0
    for seed in range(runs):
        walks = {name: garch_returns(np.random.default_rng([seed, place]), 23, 23) for place, name in enumerate("ABCD")}
        apart += is_told_apart(walks)
        climber = walks["A"] + 0.3 * walks["A"].std()
        found = ranked({**walks, "A": climber})
        first += found["A"] == 1 and min(found[name] for name in "BCD") > 1
    text = f"random walks told apart in {apart / runs:.1%}, a climber alone first in {first / runs:.1%} of {runs}"
    return Observed(text, apart / runs <= 0.05 and first / runs >= 0.80)


def rules_on_chance(runs: int) -> Observed:
    """How often a crossover beats chance at 5 % on random walks, and on planted trends."""
    lucky = found = 0
    for seed in range(runs):
        walk = garch_returns(np.random.default_rng(seed), 23, 23)
        trend = np.repeat(np.random.default_rng([seed, 1]).choice([-1.0, 1.0], 23), 23) * 0.35 * walk.std()
        lucky += chance_of(walk) < 0.05
        found += chance_of(walk + trend) < 0.05
    text = f"beats chance on {lucky / runs:.1%} of random walks, on {found / runs:.1%} of trends; {runs} each"
    return Observed(text, lucky / runs <= 0.08 and found / runs >= 0.80)


def is_rejected(returns: Floats, made: Floats) -> bool:
    known = np.isfinite(made)
    broken = int(np.sum(-returns[known] > made[known]))
    return kupiec(broken, int(known.sum()), 0.01).p_value < 0.05


def plain_forecasts(returns: Floats, window: int = 250) -> Floats:
    """The historical 99 % value at risk of the last 250 sessions, which knows no volatility of today."""
    made = np.full(len(returns), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(returns, window)[:-1]
    made[window:] = -np.quantile(windows, 0.01, axis=1)
    return made


def tick_correlations(dice: np.random.Generator, sessions: int = 5) -> tuple[float, float, float]:
    """Two symbols with correlation 0.9 and ticks at random times: by Hayashi-Yoshida, by 15 minutes, by the second."""
    count = sessions * SESSION_S
    factor = dice.standard_normal(count)
    both = [np.cumsum(np.sqrt(RHO) * factor + np.sqrt(1 - RHO) * dice.standard_normal(count)) * 3e-5 for _ in WAITS_S]
    ticks = [np.flatnonzero(dice.random(count) < 1 / wait) for wait in WAITS_S]
    first, second = (
        Moves(at[:-1], at[1:], np.diff(path[at]), at[1:] // SESSION_S) for path, at in zip(both, ticks, strict=True)
    )
    scale = np.sqrt((first.returns @ first.returns) * (second.returns @ second.returns))
    seen = [last_known(path, at) for path, at in zip(both, ticks, strict=True)]
    every = np.corrcoef(*(np.diff(path) for path in seen))[0, 1]
    bars = {
        name: symbol_data(5_000 * np.exp(path[899::900]), "15m", symbol=name)
        for name, path in zip("AB", seen, strict=True)
    }
    quarter = correlate(common_returns(bars)).shrunk[0, 1]
    return hayashi_yoshida(first, second) / scale, float(quarter), float(every)


def last_known(path: Floats, at: np.ndarray) -> Floats:
    """The price of the last tick at each second; the first one before it came."""
    return path[at[np.maximum(np.searchsorted(at, np.arange(len(path)), side="right") - 1, 0)]]


def correlation_of(dice: np.random.Generator, rho: float) -> Finding:
    """The figure of two symbols that share their wild bars and sessions: Student-t, diurnal, by session."""
    noise = dice.standard_normal((23 * 92, 3))
    tails = np.sqrt(3 / dice.chisquare(5, 23 * 92))
    wild = np.repeat(np.exp(0.4 * dice.standard_normal(23)), 92) * np.tile(diurnal(92), 23)
    moved = np.sqrt(rho) * noise[:, :1] + np.sqrt(1 - rho) * noise[:, 1:]
    pair = Common(("A", "B"), 0.001 * (tails * wild)[:, None] * moved, np.repeat(np.arange(23), 92))
    return correlation_figure(pair, correlate(pair), (0, 1), BASIS, "15m")


def ranked(walks: dict[str, Floats]) -> dict[str, int]:
    datas = {name: symbol_data(prices(one, tick=None), "1h", symbol=name) for name, one in walks.items()}
    return {name: one["rank"].value for name, one in rank_symbols(datas).items()}


def is_told_apart(walks: dict[str, Floats]) -> bool:
    return set(ranked(walks).values()) != {1}


def chance_of(returns: Floats) -> float:
    bars = frame(prices(returns, tick=None), "1h")
    told = compare_with_chance(bars, crossover(4, 16), Costs(0.5, 50.0), BASIS, draws=99)
    return told.profit.p_value


CHECKS = (
    NullCheck("N13", "99 % VaR on GARCH-t", "filtered <= 8 %, plain >= 10 %", tails_that_hold, 400, 60),
    NullCheck("N14", "asynchronous ticks", "HY 0.90 +- 0.03, 15 m >= 0.85, 1 s <= 0.10", asynchronous_ticks, 60, 8),
    NullCheck("N15", "copies of one symbol", "ratio 1.000, bets 1.000", copies_of_one_symbol, 40, 2),
    NullCheck("N20", "intervals of correlations", "95 % interval holds in >= 90 %", correlation_intervals, 400, 80),
    NullCheck("N21", "ranks of random walks", "apart <= 5 %, climber >= 80 %", ranking_of_alike, 300, 30),
    NullCheck("N22", "rules on random walks", "beats chance <= 8 %, trends >= 80 %", rules_on_chance, 120, 8),
)
