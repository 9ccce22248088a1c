"""Prices that jump and come back at once: most are errors, and they double as volatility."""

from typing import Final

from app.analysis.quality.file_scan import FileScan

JUMP: Final = 0.005
# Where a tick is a large part of the price, such as that of the VIX, a bounce between bid and ask is no error.
JUMP_TICKS: Final = 4
_HALF: Final = 0.5
# p0 is the price of a tick and p1 to p4 are those before it; p0 is the first that takes back a jump of the last three.
_SPIKES: Final = """
SELECT count(*) FILTER (
    (abs(p1 - p2) > greatest({jump} * abs(p2), {least}) AND abs(p0 - p2) * 2 <= abs(p1 - p2))
    OR (abs(p2 - p3) > greatest({jump} * abs(p3), {least}) AND abs(p0 - p3) * 2 <= abs(p2 - p3)
        AND abs(p1 - p3) * 2 > abs(p2 - p3))
    OR (abs(p3 - p4) > greatest({jump} * abs(p4), {least}) AND abs(p0 - p4) * 2 <= abs(p3 - p4)
        AND abs(p1 - p4) * 2 > abs(p3 - p4) AND abs(p2 - p4) * 2 > abs(p3 - p4))
) AS spikes
FROM (
    SELECT price AS p0, lag(price) OVER ({order}) AS p1, lag(price, 2) OVER ({order}) AS p2,
        lag(price, 3) OVER ({order}) AS p3, lag(price, 4) OVER ({order}) AS p4
    FROM ({ticks} AND last IS NOT NULL)
)
"""


def count_spikes(scan: FileScan, order: str) -> int:
    """How many ticks take back a jump of more than 0.5 % and four ticks of price, at least by half, within three ticks.

    After the outliers of Brownlees and Gallo, 2006, which are far from the ticks before and after them; ticks without a
    price do not count. Where the size of a tick is not known the 0.5 % decide.
    """
    tick = scan.scope.tick
    # Halfway to the next tick, so that the rounding of prices does not decide.
    least = 0.0 if tick is None else (JUMP_TICKS + _HALF) * float(tick)
    (found,) = scan.ask(_SPIKES, order=order, jump=str(JUMP), least=repr(least))
    return int(found["spikes"])
