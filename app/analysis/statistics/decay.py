"""Exponentially weighted volatility, of what was known before each return."""

from typing import Final

import numpy as np
from scipy.signal import lfilter

from app.analysis.bars import Floats

# Of daily returns, by RiskMetrics 1996.
DECAY: Final = 0.94


def expected_variances(returns: Floats, begin: float, decay: float = DECAY) -> Floats:
    """The variance expected of each return from those before it, and of the next one, shape (returns + 1,).

    The first is `begin`; each return moves it by 1 - decay of its square (RiskMetrics 1996).
    """
    found = np.empty(len(returns) + 1)
    found[0] = begin
    if len(returns):
        found[1:], _ = lfilter([1 - decay], [1, -decay], returns**2, zi=[decay * begin])
    return found
