"""A share of so many cases, and how far it can be trusted."""

from typing import Final

import numpy as np
from scipy import special

LEVEL: Final = 0.95


def wilson(hits: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share of `n` (Wilson 1927); n of 1 or more."""
    z = float(special.ndtri(0.5 + level / 2))
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
