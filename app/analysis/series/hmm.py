"""Hidden Markov models with normal observations of one dimension: fitting by EM, likelihood, filtered states.

Rabiner 1989 for the recursions, Hamilton 1989 for the filter. Forward and backward recursions are products of small
matrices; they are taken in blocks side by side, for all starts at once.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from app.analysis.bars import Floats

# A variance cannot fall below this part of the sample's: a state that holds one value would have infinite likelihood.
_FLOOR: Final = 1e-3
_TRIAL_STEPS: Final = 10
_TINY: Final = 1e-300


@dataclass(frozen=True)
class GaussianHMM:
    """A fitted model of K states, in order of variance or, with free means, of mean; `n` observations.

    `start` and `means` and `variances` have shape (K,), `transition` (K, K) from row to column.
    """

    start: Floats
    transition: Floats
    means: Floats
    variances: Floats
    free_means: bool
    loglik: float
    n: int

    @property
    def states(self) -> int:
        """K."""
        return len(self.variances)

    @property
    def bic(self) -> float:
        """The information criterion of Schwarz 1978; lower is better."""
        free = self.states**2 - 1 + self.states * (2 if self.free_means else 1)
        return -2 * self.loglik + free * float(np.log(self.n))


def fit_hmm(
    observations: Floats, states: int, seed: int, *, free_means: bool = False, starts: int = 6,
    tolerance: float = 1e-3, most_steps: int = 200,
) -> GaussianHMM:  # fmt: skip
    """The model of highest likelihood, found by EM (Baum et al. 1970) from several starts.

    After a few steps the best start alone is followed (short runs, Biernacki-Celeux-Govaert 2003) until a step gains
    less than `tolerance` of log-likelihood. Means are 0 unless free. ValueError for fewer than two observations per
    state, for ones that are not finite or that do not vary.
    """
    x = np.asarray(observations, float)
    if len(x) < 2 * states or not np.isfinite(x).all():
        raise ValueError(f"a model of {states} states cannot be fitted to {len(x)} observations")
    spread = float(np.mean(x**2)) if not free_means else float(x.var())
    if spread <= 0:
        raise ValueError("a model cannot be fitted to observations that do not vary")
    floor = _FLOOR * spread
    model = _starts(x, states, np.random.default_rng(seed), starts, free_means, spread)
    if states == 1:
        return _in_order(x, model, free_means)
    for _ in range(_TRIAL_STEPS):
        model, reached = _improved(x, model, free_means, floor)
    model = _Model(*(part[[int(np.argmax(reached))]] for part in model))
    before = -np.inf
    for _ in range(most_steps):
        following, reached = _improved(x, model, free_means, floor)
        if reached[0] - before < tolerance:
            break
        before, model = float(reached[0]), following
    return _in_order(x, model, free_means)


def log_likelihood(model: GaussianHMM, observations: Floats) -> float:
    """The log-likelihood of observations under a model."""
    return float(_filter(model, observations)[1])


def filtered_probabilities(model: GaussianHMM, observations: Floats) -> Floats:
    """The probability of each state at each time from the observations up to that time alone, shape (n, K)."""
    return _filter(model, observations)[0]


class _Model(NamedTuple):
    """Models side by side: the first axis is that of the starts."""

    start: Floats
    transition: Floats
    means: Floats
    variances: Floats


def _filter(model: GaussianHMM, observations: Floats) -> tuple[Floats, float]:
    x = np.asarray(observations, float)
    peak, density = _densities(x, model.means[None], model.variances[None])
    found, total = np.empty((len(x), model.states)), float(peak.sum())
    expected = model.start
    for place, seen in enumerate(density[0]):
        joint = expected * seen
        scale = joint.sum()
        found[place] = joint / scale
        expected = found[place] @ model.transition
        total += float(np.log(scale))
    return found, total


def _starts(x: Floats, states: int, dice: np.random.Generator, starts: int, free_means: bool, spread: float) -> _Model:
    """States that tend to last, of spread-out variances or means; the first start is the same for every seed."""
    place = np.linspace(-1, 1, states) if states > 1 else np.zeros(1)
    width = np.concatenate(([1.0], dice.uniform(0.3, 1.8, starts - 1)))[:, None]
    stay = np.concatenate(([0.95], dice.uniform(0.8, 0.99, starts - 1)))[:, None, None]
    away = (1 - stay) / max(states - 1, 1)
    transition = np.where(np.eye(states, dtype=bool), stay if states > 1 else 1.0, away)
    begin = np.full((starts, states), 1 / states)
    if free_means:
        return _Model(begin, transition, x.mean() + place * width * np.sqrt(spread), begin * spread)
    return _Model(begin, transition, np.zeros((starts, states)), spread * np.exp(place * width))


def _improved(x: Floats, model: _Model, free_means: bool, floor: float) -> tuple[_Model, Floats]:
    """One step of EM for each start, and the log-likelihoods before it."""
    weights, moves, reached = _expect(x, model)
    total = np.maximum(weights.sum(axis=1), _TINY)
    means = np.einsum("stk,t->sk", weights, x) / total if free_means else model.means
    deviation = (x[None, :, None] - means[:, None, :]) ** 2
    variances = np.maximum((weights * deviation).sum(axis=1) / total, floor)
    moves = moves + _TINY
    return _Model(weights[:, 0], moves / moves.sum(axis=2, keepdims=True), means, variances), reached


def _expect(x: Floats, model: _Model) -> tuple[Floats, Floats, Floats]:
    """Smoothed probabilities (starts, n, K), expected moves (starts, K, K) and log-likelihoods (starts,)."""
    starts, states = model.variances.shape
    peak, density = _densities(x, model.means, model.variances)
    steps = model.transition[:, None] * density[:, :, None, :]
    ahead = steps.copy()
    ahead[:, 0] = np.eye(states) * density[:, 0, None, :]
    back = np.concatenate((np.broadcast_to(np.eye(states), (starts, 1, states, states)),
                           steps[:, :0:-1].swapaxes(2, 3)), axis=1)  # fmt: skip
    begins = np.concatenate((model.start, np.ones((starts, states))))
    rows, scales = _chain(begins, np.concatenate((ahead, back)))
    alpha, beta = rows[:starts], rows[starts:, ::-1]
    weights = alpha * beta
    weights /= weights.sum(axis=2, keepdims=True)
    seen = density[:, 1:] * beta[:, 1:]
    joint = ((alpha[:, :-1] @ model.transition) * seen).sum(axis=2, keepdims=True)
    moves = model.transition * ((alpha[:, :-1] / joint).swapaxes(1, 2) @ seen)
    return weights, moves, scales[:starts] + peak.sum(axis=1)


def _chain(begins: Floats, matrices: Floats) -> tuple[Floats, Floats]:
    """The rows begins @ M1, begins @ M1 @ M2, ..., each scaled to the sum 1, and the logs of the last ones' true sums.

    Shapes: (chains, K) and (chains, n, K, K) give (chains, n, K) and (chains,).
    """
    chains, count, states, _ = matrices.shape
    length = int(np.ceil(np.sqrt(count)))
    blocks = -(-count // length)
    # The places within a block come first, so that each step works on neighbouring memory.
    padded = np.empty((blocks * length, chains, states, states))
    padded[:count] = matrices.swapaxes(0, 1)
    padded[count:] = np.eye(states)
    products = np.ascontiguousarray(padded.reshape(blocks, length, chains, states, states).swapaxes(0, 1))
    within = np.empty((length, blocks, chains, 1, 1))
    for place in range(length):
        if place:
            products[place] = _multiplied(products[place - 1], products[place])
        products[place].sum(axis=(2, 3), keepdims=True, out=within[place])
        products[place] /= within[place]
    entering, between = np.empty((blocks + 1, chains, states)), np.empty((blocks, chains, 1))
    entering[0] = begins
    for block in range(blocks):
        row = (entering[block][:, :, None] * products[-1, block]).sum(axis=1)
        row.sum(axis=1, keepdims=True, out=between[block])
        entering[block + 1] = row / between[block]
    logs = np.log(within).sum(axis=(0, 1, 3, 4)) + np.log(between).sum(axis=(0, 2))
    rows = (entering[None, :-1, :, :, None] * products).sum(axis=3).swapaxes(0, 1).reshape(-1, chains, states)[:count]
    return (rows / rows.sum(axis=2, keepdims=True)).swapaxes(0, 1), logs


def _multiplied(left: Floats, right: Floats) -> Floats:
    # For matrices this small, sums of outer products are faster than a call for each of them.
    found: Floats = left[..., :, :1] * right[..., :1, :]
    for inner in range(1, left.shape[-1]):
        found += left[..., :, inner : inner + 1] * right[..., inner : inner + 1, :]
    return found


def _densities(x: Floats, means: Floats, variances: Floats) -> tuple[Floats, Floats]:
    """The log of the greatest density at each time (starts, n), and the densities over it (starts, n, K)."""
    spread = variances[:, None, :]
    logs = -0.5 * (np.log(2 * np.pi * spread) + (x[None, :, None] - means[:, None, :]) ** 2 / spread)
    peak = logs.max(axis=2)
    return peak, np.exp(logs - peak[:, :, None])


def _in_order(x: Floats, model: _Model, free_means: bool) -> GaussianHMM:
    order = np.argsort(model.means[0] if free_means else model.variances[0], kind="stable")
    found = GaussianHMM(
        start=model.start[0][order], transition=model.transition[0][np.ix_(order, order)],
        means=model.means[0][order], variances=model.variances[0][order], free_means=free_means, loglik=0.0, n=len(x),
    )  # fmt: skip
    return replace(found, loglik=log_likelihood(found, x))
