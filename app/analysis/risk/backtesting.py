"""Whether a value at risk was exceeded as often as it says, and not in clusters."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from app.analysis.bars import Floats, usable
from app.analysis.findings import Basis, Finding, Status
from app.analysis.risk.value_at_risk import forecasts

Flags = npt.NDArray[np.bool_]

MINIMUM_FORECASTS: Final = 250
_POF: Final = "Kupiec 1995 proportion of failures, likelihood ratio, chi-square(1)"
_INDEPENDENCE: Final = "Christoffersen 1998 independence, likelihood ratio, chi-square(1)"
_TRAFFIC: Final = "traffic light of the Basel Committee 1996, cumulative binomial probability"
_SIGNIFICANT: Final = 0.05


@dataclass(frozen=True, slots=True)
class Ratio:
    """A likelihood ratio and its p-value."""

    statistic: float
    p_value: float


def kupiec(exceptions: int, count: int, probability: float) -> Ratio:
    """Whether so many exceptions among `count` forecasts fit the probability of one (Kupiec 1995)."""
    seen = exceptions / count
    statistic = 2 * (_likelihood(exceptions, count, seen) - _likelihood(exceptions, count, probability))
    return _ratio(statistic)


def christoffersen(exceptions: Flags) -> Ratio:
    """Whether an exception makes another one next to it more or less likely (Christoffersen 1998)."""
    before, after = exceptions[:-1], exceptions[1:]
    after_calm, after_one = after[~before], after[before]
    apart = sum(_likelihood(int(part.sum()), len(part), _mean(part)) for part in (after_calm, after_one))
    together = _likelihood(int(after.sum()), len(after), _mean(after))
    return _ratio(2 * (apart - together))


def traffic_light(exceptions: int, count: int, probability: float) -> str:
    """`green` below 95 % of the cumulative probability, `yellow` below 99.99 %, else `red` (Basel Committee 1996)."""
    cumulative = float(stats.binom.cdf(exceptions, count, probability))
    return "green" if cumulative < 0.95 else "yellow" if cumulative < 0.9999 else "red"


def backtest_tail(returns: Floats, level: float, basis: Basis, unit: str) -> dict[str, Finding]:
    """How the filtered historical simulation did out of sample: `exceptions`, `kupiec`, `independence`, `traffic`.

    Each return is compared with the forecast made from those before it alone. At least 250 forecasts.
    """
    known = usable(returns)
    expected = forecasts(known, level)
    made = np.isfinite(expected)
    broken = -known[made] > expected[made]
    n = len(broken)
    if n < MINIMUM_FORECASTS:
        reason = f"{n} forecasts could be tested, and {MINIMUM_FORECASTS} are needed"
        methods = {"exceptions": _POF, "kupiec": _POF, "independence": _INDEPENDENCE, "traffic": _TRAFFIC}
        return {name: basis.missing(n, f"{method}; {unit}", reason) for name, method in methods.items()}
    count = int(broken.sum())
    light = traffic_light(count, n, 1 - level)
    return {
        "exceptions": basis.found(count, n, f"out of sample; {unit}", label=f"{(1 - level) * n:.1f} expected"),
        "kupiec": _tested(kupiec(count, n, 1 - level), n, f"{_POF}; {unit}", basis),
        "independence": _tested(christoffersen(broken), n, f"{_INDEPENDENCE}; {unit}", basis),
        "traffic": basis.found(light, n, f"{_TRAFFIC}; {unit}"),
    }


def _tested(ratio: Ratio, n: int, method: str, basis: Basis) -> Finding:
    rejected = ratio.p_value < _SIGNIFICANT
    status: Status = "ok" if rejected else "not_significant"
    label = "rejected" if rejected else "not rejected"
    return basis.found(ratio.statistic, n, method, status=status, p_value=ratio.p_value, label=label)


def _likelihood(exceptions: int, count: int, probability: float) -> float:
    calm = special.xlogy(count - exceptions, 1 - probability)
    return float(calm + special.xlogy(exceptions, probability))


def _mean(flags: Flags) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def _ratio(statistic: float) -> Ratio:
    positive = max(statistic, 0.0)
    return Ratio(positive, float(stats.chi2.sf(positive, 1)))
