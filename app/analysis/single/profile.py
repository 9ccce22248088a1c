"""At which prices a symbol traded, and where more so than around: the volume profile and its peaks."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from app.analysis.bars import Floats

MOST_BINS: Final = 4_000
# A peak stands out from its surroundings by so much of the highest one.
LEAST_PROMINENCE: Final = 0.05


@dataclass(frozen=True)
class Peaks:
    """Prices at which most was traded nearby, in order of price, and how far each stands out, 1 for the highest."""

    price: Floats
    prominence: Floats


def volume_profile(price: Floats, weight: Floats, step: float) -> tuple[Floats, Floats]:
    """The middle of each bin and its weight; bins are a step wide, wider where 4,000 would not reach."""
    low, high = float(price.min()), float(price.max())
    first = np.round(low / step) * step
    width = step * max(1.0, np.ceil((high - low) / step / MOST_BINS))
    places: npt.NDArray[np.int64] = np.round((price - first) / width).astype(np.int64)
    places -= places.min()
    sums = np.bincount(places, weights=weight).astype(np.float64)
    start = first + np.round((low - first) / width) * width
    return start + width * np.arange(len(sums)), sums


def find_profile_peaks(centres: Floats, weight: Floats, spread: float, apart: float) -> Peaks:
    """The peaks of a profile smoothed by a Gaussian of the deviation `spread`, at least `apart` from each other."""
    width = centres[1] - centres[0] if len(centres) > 1 else 1.0
    # A profile is nothing beyond its ends, so that its first and last bin may be peaks.
    edge = int(np.ceil(4 * spread / width)) + 1
    smooth = gaussian_filter1d(np.pad(weight, edge), spread / width, mode="constant")
    least = LEAST_PROMINENCE * smooth.max()
    places, told = find_peaks(smooth, prominence=least, distance=max(1.0, apart / width))
    inside = (places >= edge) & (places < edge + len(centres))
    return Peaks(centres[places[inside] - edge], told["prominences"][inside] / smooth.max())
