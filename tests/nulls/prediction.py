"""Predictions on made markets: nothing to find in most of them, something planted in the others."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.signal import lfilter
from scipy.special import logit

from app.analysis.inputs import SymbolData
from app.analysis.prediction.calibration import calibration_line, prequential, reliability
from app.analysis.prediction.composite import combine
from app.analysis.prediction.decision import Decision, decide
from app.analysis.prediction.edge import edge_of
from app.analysis.prediction.features import make_features
from app.analysis.prediction.gate import base_rates, pass_gate, skill
from app.analysis.prediction.predicted import Forecast, Predicted
from app.analysis.prediction.predicting import predict_direction
from app.analysis.prediction.target import next_moves, outcomes_of
from app.analysis.prediction.walkforward import walk_forward
from app.analysis.question import Parameters
from tests.nulls.check import NullCheck, Observed
from tests.nulls.paths import ES, Floats, garch_returns, prices, symbol_data

BARS = 1_450
HORIZON = "1h"
PER_SESSION = 23
SESSIONS = 64
PARAMETERS = Parameters.model_validate({})


@dataclass(frozen=True)
class Run:
    """One path: what was predicted at its end, and what was decided on that."""

    data: SymbolData
    predicted: Predicted
    decision: Decision

    @property
    def forecast(self) -> Forecast:
        """What was said of the next bar; every path is long enough for it."""
        assert self.predicted.forecast is not None
        return self.predicted.forecast

    @property
    def skilled(self) -> bool:
        """Whether the gate was passed."""
        return self.decision.gates[HORIZON].passed

    @property
    def acts(self) -> bool:
        """Whether it said BUY or SELL."""
        return self.decision.action != "HOLD"

    @property
    def scored(self) -> tuple[Floats, Floats]:
        """Past probabilities and what came of them."""
        outcomes = outcomes_of(self.forecast.series.moves)
        known = np.isfinite(outcomes)
        return self.forecast.series.p[known], outcomes[known]


def run_path(closes: Floats) -> Run:
    """Predict and decide at the end of a path of hourly closes."""
    data = symbol_data(closes[:BARS], HORIZON)
    predicted = predict_direction(data, HORIZON, PARAMETERS)
    decided = decide({("ES", HORIZON): predicted}, {"ES": "ok"}, {"ES": ES}, PARAMETERS, data.asof)
    return Run(data, predicted, decided["ES"])


def random_walk(seed: int) -> Floats:
    """Closes in which nothing can be predicted."""
    return prices(garch_returns(np.random.default_rng(seed), SESSIONS, PER_SESSION))


def latent_momentum(seed: int, ratio: float, decay: float = 0.95) -> Floats:
    """Closes whose returns drift: an AR(1) of that decay, `ratio` times as large as the noise (by deviations)."""
    dice = np.random.default_rng(seed)
    noise = garch_returns(dice, SESSIONS, PER_SESSION)
    shocks = dice.normal(size=len(noise) + 200) * np.sqrt(1 - decay**2)
    drift = lfilter([1.0], [1.0, -decay], shocks)[200:]
    return prices(noise + ratio * noise.std() * drift)


def autoregressive(seed: int, weight: float) -> Floats:
    """Closes whose returns follow the return before with that weight."""
    noise = garch_returns(np.random.default_rng(seed), SESSIONS, PER_SESSION)
    return prices(lfilter([1.0], [1.0, -weight], noise))


def bouncing(seed: int) -> Floats:
    """Closes at the bid or the ask, a tick apart, of a mid that walks at random by less than a tick."""
    dice = np.random.default_rng(seed)
    return 5_000 + np.cumsum(dice.normal(0, 0.06, BARS)) + 0.125 * dice.choice([-1.0, 1.0], BARS)


@cache
def walks(runs: int) -> tuple[Run, ...]:
    """Runs on random walks."""
    return tuple(run_path(random_walk(seed)) for seed in range(runs))


@cache
def planted(runs: int) -> tuple[Run, ...]:
    """Runs on latent momentum that can be found."""
    return tuple(run_path(latent_momentum(1_000 + seed, 0.6)) for seed in range(runs))


def hold_on_nulls(runs: int) -> Observed:
    """N1: how often nothing is recommended on a random walk."""
    held = np.mean([not run.acts for run in walks(runs)])
    return Observed(f"HOLD on {held:.1%} of {runs} random walks", bool(held >= 0.97))


def no_skill_on_nulls(runs: int) -> Observed:
    """N2: confidence, Brier skill and significance on random walks."""
    boast = np.mean([run.decision.confidence - 0.5 for run in walks(runs)])
    gain = np.mean([run.forecast.skill.bss for run in walks(runs)])
    found = np.mean([run.skilled for run in walks(runs)])
    text = f"mean |confidence - .5| {boast:.4f}, mean BSS {gain:+.4f}, significant {found:.1%} of {runs}"
    return Observed(text, bool(boast <= 0.01 and gain <= 0 and found <= 0.05))


def ungated_on_nulls(runs: int) -> Observed:
    """N3: how often the model would trade on random walks were it taken at its word."""
    acts = np.mean([_acts_ungated(run) for run in walks(runs)])
    return Observed(f"without gate, calibration and lower bound {acts:.1%} of {runs} trade", bool(acts >= 0.10))


def _acts_ungated(run: Run) -> bool:
    bars = run.data.frame(HORIZON)
    features, known = make_features(bars)
    places = np.flatnonzero(known)
    walked = walk_forward(features[places], outcomes_of(next_moves(bars, run.data.hours)[0][places]), places)
    net = edge_of(replace(run.forecast, logit=float(walked.logits[-1]), stderr=0.0), ES, PARAMETERS).net
    return net is not None and net > 0


def planted_is_found(runs: int) -> Observed:
    """N4: latent momentum is found and traded."""
    found, acted = (np.mean([getattr(run, name) for run in planted(runs)]) for name in ("skilled", "acts"))
    gain = np.mean([run.forecast.skill.bss for run in planted(runs)])
    right = np.mean([run.forecast.hits / run.forecast.skill.n for run in planted(runs)])
    text = f"skill {found:.1%}, traded {acted:.1%} of {runs}, accuracy {right:.3f}, BSS {gain:+.3f}"
    return Observed(text, bool(found >= 0.95 and acted >= 0.70 and gain >= 0.08))


def weaker_is_found(runs: int) -> Observed:
    """N5: a weaker structure is found more often than not."""
    follows = np.mean([run_path(autoregressive(2_000 + seed, 0.3)).skilled for seed in range(runs)])
    drifts = np.mean([run_path(latent_momentum(3_000 + seed, 0.3)).skilled for seed in range(runs)])
    text = f"skill in {follows:.1%} with AR(1) .3 and in {drifts:.1%} with drift .3, of {runs} each"
    return Observed(text, bool(follows >= 0.90 and drifts >= 0.65))


def calibrated_when_planted(runs: int) -> Observed:
    """N6: pooled over planted runs, the price rises as often as was said."""
    p, outcomes = (np.concatenate(parts) for parts in zip(*(run.scored for run in planted(runs)), strict=True))
    error = sum(one.n * abs(one.p - one.rate) for one in reliability(p, outcomes)) / len(p)
    slope = calibration_line(logit(p), outcomes).slope
    text = f"{len(p):,} forecasts: expected calibration error {error:.4f}, slope {slope:.3f}"
    return Observed(text, bool(error <= 0.03 and 0.85 <= slope <= 1.15))


def bounce_is_not_traded(runs: int) -> Observed:
    """N7: the bounce between bid and ask is predictable and worth less than it costs."""
    bounced = [run_path(bouncing(4_000 + seed)) for seed in range(runs)]
    found = np.mean([run.skilled for run in bounced])
    held = np.mean([run.decision.reason_code == "edge_below_cost" for run in bounced])
    part = max(run.decision.edge.gross / run.decision.edge.cost for run in bounced)
    text = f"skill in {found:.1%}, edge_below_cost in {held:.1%} of {runs}, edge at most {part:.2f} of the cost"
    return Observed(text, bool(held == 1.0))


def shuffled_outcomes_show_no_skill(runs: int) -> Observed:
    """L5: where the outcomes of a planted path are shuffled, the same features find nothing."""
    found = np.mean([_skilled_on_shuffled(run, seed) for seed, run in enumerate(planted(runs))])
    return Observed(f"skill on {found:.1%} of {runs} paths with shuffled outcomes", bool(found <= 0.05))


def _skilled_on_shuffled(run: Run, seed: int) -> bool:
    bars = run.data.frame(HORIZON)
    features, known = make_features(bars)
    outcomes = outcomes_of(next_moves(bars, run.data.hours)[0])
    places = np.flatnonzero(known & np.isfinite(outcomes))
    y = np.random.default_rng(seed).permutation(outcomes[places])
    walked = walk_forward(features[places], y, places)
    p = prequential(walked.logits, y[walked.rows], places[walked.rows]).p
    return pass_gate([skill(p, base_rates(y, places)[walked.rows], y[walked.rows])])[0].passed


def copies_say_no_more(runs: int) -> Observed:
    """N15 composite: one symbol under four names has the composite of one."""
    gaps = [_gap_of_copies(run) for run in planted(runs)]
    return Observed(f"composite of four copies less the single p: at most {max(gaps):.1e} of {runs}", max(gaps) <= 0.01)


def _gap_of_copies(run: Run) -> float:
    names = ("ES", "E2", "E3", "E4")
    found = combine({(name, HORIZON): run.predicted for name in names}, dict.fromkeys(names, 0.25))[HORIZON]
    assert found.p is not None
    return abs(found.p - run.forecast.p)


CHECKS = (
    NullCheck("N1", "random walks are held", "HOLD >= 97 %", hold_on_nulls, 200, 24),
    NullCheck(
        "N2", "no skill is claimed on random walks", "mean |confidence - .5| <= .01, mean BSS <= 0, significant <= 5 %",
        no_skill_on_nulls, 200, 24,
    ),
    NullCheck("N3", "without the gate random walks would be traded", ">= 10 % trade", ungated_on_nulls, 200, 24),
    NullCheck(
        "N4", "planted momentum is found", "skill >= 95 %, traded >= 70 %, BSS >= .08", planted_is_found, 100, 16
    ),
    NullCheck("N5", "weaker structure is found", "AR(1) .3 >= 90 %, drift .3 >= 65 %", weaker_is_found, 100, 16),
    NullCheck(
        "N6", "probabilities mean what they say", "ECE <= .03, slope .85 to 1.15", calibrated_when_planted, 60, 16
    ),
    NullCheck("N7", "the bid-ask bounce is not traded", "HOLD 100 %, edge_below_cost", bounce_is_not_traded, 60, 12),
    NullCheck(
        "N15 composite", "copies of a symbol add no confidence", "composite p within .01", copies_say_no_more, 60, 16
    ),
    NullCheck("L5", "shuffled outcomes show no skill", "skill <= 5 %", shuffled_outcomes_show_no_skill, 100, 16),
)  # fmt: skip
