"""A t of the mean return in words."""

from typing import Any, Final

from app.analysis.single.walks import two_sided

TREND: Final = 1.645
STRONG: Final = 2.576


def name_trend(t: float) -> str:
    """Neutral below 1.645 (10 %, two-sided), Bullish or Bearish from there on, Strong from 2.576 on (1 %)."""
    if abs(t) < TREND:
        return "Neutral"
    return ("Strong " if abs(t) >= STRONG else "") + ("Bullish" if t > 0 else "Bearish")


def judge_trend(t: float) -> dict[str, Any]:
    """What a finding says of a t: its p, its name, and `not_significant` when it is Neutral."""
    return {
        "p_value": two_sided(t),
        "status": "ok" if abs(t) >= TREND else "not_significant",
        "label": name_trend(t),
    }
