"""Prices that jump and come back at once: most are errors, and they double as volatility."""

from typing import Final

from app.analysis.quality.file_scan import FileScan

JUMP: Final = 0.005
# p0 is the price of a tick and p1 to p4 are those before it; p0 is the first that takes back a jump of the last three.
_SPIKES: Final = """
SELECT count(*) FILTER (
    (abs(p1 - p2) > {jump} * abs(p2) AND abs(p0 - p2) * 2 <= abs(p1 - p2))
    OR (abs(p2 - p3) > {jump} * abs(p3) AND abs(p0 - p3) * 2 <= abs(p2 - p3) AND abs(p1 - p3) * 2 > abs(p2 - p3))
    OR (abs(p3 - p4) > {jump} * abs(p4) AND abs(p0 - p4) * 2 <= abs(p3 - p4)
        AND abs(p1 - p4) * 2 > abs(p3 - p4) AND abs(p2 - p4) * 2 > abs(p3 - p4))
) AS spikes
FROM (
    SELECT price AS p0, lag(price) OVER ({order}) AS p1, lag(price, 2) OVER ({order}) AS p2,
        lag(price, 3) OVER ({order}) AS p3, lag(price, 4) OVER ({order}) AS p4
    FROM ({ticks} AND last IS NOT NULL)
)
"""


def count_spikes(scan: FileScan, order: str) -> int:
    """How many ticks take back a jump of more than 0.5 %, at least by half, within three ticks of it.

    After the outliers of Brownlees and Gallo, 2006, which are far from the ticks before and after them; ticks without a
    price do not count.
    """
    (found,) = scan.ask(_SPIKES, order=order, jump=str(JUMP))
    return int(found["spikes"])
