"""Estimators of the variance of a session's return, each from what it needs: returns, or open, high, low and close."""

from typing import Final

import numpy as np

from app.analysis.bars import Floats

_YANG_ZHANG: Final = 0.34


def realised(returns: Floats) -> float:
    """The sum of squared returns (Andersen, Bollerslev, Diebold and Labys 2003)."""
    return float(np.sum(returns**2))


def bipower(returns: Floats) -> float:
    """The variance without jumps: pi/2 M/(M-1) sum |r_i||r_i-1| over M returns (Barndorff-Nielsen and Shephard 2004).

    NaN with fewer than two returns.
    """
    count = len(returns)
    if count < 2:
        return float("nan")
    moved = np.abs(returns)
    return float(np.pi / 2 * count / (count - 1) * (moved[1:] @ moved[:-1]))


def parkinson(high: Floats, low: Floats) -> Floats:
    """The variance of each bar from its range: ln(h/l)^2 / (4 ln 2) (Parkinson 1980)."""
    return np.asarray(np.log(high / low) ** 2 / (4 * np.log(2)), np.float64)


def garman_klass(opened: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """The variance of each bar: ln(h/l)^2 / 2 - (2 ln 2 - 1) ln(c/o)^2 (Garman and Klass 1980)."""
    inside = (2 * np.log(2) - 1) * np.log(close / opened) ** 2
    return np.asarray(0.5 * np.log(high / low) ** 2 - inside, np.float64)


def rogers_satchell(opened: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """The variance of each bar, whatever its drift: ln(h/c) ln(h/o) + ln(l/c) ln(l/o) (Rogers and Satchell 1991)."""
    above = np.log(high / close) * np.log(high / opened)
    return np.asarray(above + np.log(low / close) * np.log(low / opened), np.float64)


def yang_zhang(gaps: Floats, opened: Floats, high: Floats, low: Floats, close: Floats) -> float:
    """The variance from close to close: V_gap + k V_open-to-close + (1 - k) V_RS (Yang and Zhang 2000).

    `gaps` are the log returns from the close before to the open; k = 0.34 / (1.34 + (n + 1) / (n - 1)) over n bars, at
    least two.
    """
    count = len(gaps)
    weight = _YANG_ZHANG / (1 + _YANG_ZHANG + (count + 1) / (count - 1))
    inside = np.var(np.log(close / opened), ddof=1)
    within = np.mean(rogers_satchell(opened, high, low, close))
    return float(np.var(gaps, ddof=1) + weight * inside + (1 - weight) * within)
