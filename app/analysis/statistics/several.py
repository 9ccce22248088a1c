"""P-values of several questions that are asked at once."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values after Holm's step-down correction (Holm 1979), in the same order."""
    order = np.argsort(p_values, kind="stable")
    found, highest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = highest
    return found
