"""How a report says things: names of parts, numbers in full and rounded, and statuses in words."""

import json
from typing import Any, Final, TypeGuard

# What a rounded number keeps; the exact one stands beside it in the page.
DIGITS: Final = 6
NOTHING: Final = "–"
_TITLES: Final = {
    "asof": "as of", "aci": "ACI", "adx": "ADX", "atr": "ATR", "cci": "CCI", "dm": "Diebold-Mariano", "ema": "EMA",
    "es": "Expected shortfall", "fhs": "FHS", "hmm": "HMM", "macd": "MACD", "mfi": "MFI", "obv": "OBV", "rsi": "RSI",
    "sma": "SMA", "var": "VaR", "p": "p", "t": "t", "n": "n", "z": "z",
}  # fmt: skip
# Names whose words alone would not tell what is meant.
_NAMES: Final = {
    "adf": "Dickey-Fuller", "bars_1m": "Bars of 1m", "cornish_fisher": "Cornish-Fisher", "cpu_s": "CPU seconds",
    "dm": "Diebold-Mariano t", "dr": "Diversification ratio", "efficiency_z": "Efficiency z",
    "es_95": "Expected shortfall 95 %", "es_99": "Expected shortfall 99 %", "garman_klass": "Garman-Klass",
    "hayashi_yoshida": "Hayashi-Yoshida", "job_id": "Job", "n_tried": "Hypotheses tried", "n_train": "Learned from",
    "peak_mb": "Peak memory, MB", "received_p99": "Received, 99th percentile", "rogers_satchell": "Rogers-Satchell",
    "stored_p99": "Stored, 99th percentile", "target_ts": "Target", "var_95": "VaR 95 %", "var_99": "VaR 99 %",
    "wall_s": "Seconds", "yang_zhang": "Yang-Zhang",
}  # fmt: skip
_STATUSES: Final = {
    "ok": "ok",
    "low_history": "low history",
    "insufficient_data": "insufficient data",
    "not_significant": "not significant",
    "degraded_data": "degraded data",
}


def title_of(name: str) -> str:
    """A key of the document as a heading has it: `brier_skill` becomes Brier skill; symbols and spans stay."""
    if name in _NAMES:
        return _NAMES[name]
    if name != name.lower() or not name[:1].isalpha():
        return name
    words = [_TITLES.get(word, word) for word in name.split("_") if word]
    text = " ".join(words) or name
    return text if words[:1] and words[0] in _TITLES.values() else text[:1].upper() + text[1:]


def status_text(status: str) -> str:
    """A status in words."""
    return _STATUSES.get(status, status)


def exact(value: Any) -> str:
    """A number or text as JSON writes it, without the quotes of a text."""
    return value if isinstance(value, str) else json.dumps(value)


def rounded(value: Any) -> str:
    """A number to six significant digits, whole numbers and thousands in full; a text as it is."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return _float_text(value)
    return str(value)


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value of JSON is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float_text(value: float) -> str:
    if abs(value) >= 10**15 or 0 < abs(value) < 1e-4:
        return f"{value:.{DIGITS}g}"
    if abs(value) < 1000:
        return f"{value:.{DIGITS}g}"
    text = f"{value:,.4f}".rstrip("0")
    return text.removesuffix(".")
