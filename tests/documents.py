"""A made document of an analysis, with every part that reports know, and texts that would do harm."""

from typing import Any

from tests.nulls.paths import weekdays

ASOF = "2025-03-07T21:00:00.000000Z"
EVIL = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("evil")'


def figure(value: Any, n: int = 230, *, status: str = "ok", **told: Any) -> dict[str, Any]:
    return {
        "value": value, "n": n, "status": status, "method": "HAC t of the mean return", "window": "230 bars",
        "asof": ASOF, **told,
    }  # fmt: skip


def missing(n: int, reason: str) -> dict[str, Any]:
    return figure(None, n, status="insufficient_data", reason=reason)


def symbol_tree(price: float = 6012.25) -> dict[str, Any]:
    closes = [[f"{day}T21:00:00.000000Z", price + step] for step, day in enumerate(weekdays(40))]
    return {
        "recommendation": {
            "action": "HOLD",
            "confidence": figure(0.5, 214, reason="no skill was shown"),
            "reason_code": "no_skill",
            "reason": "out of sample the prediction does no better than the base rate",
            "horizon": "1h",
            "out_of_sample": {
                "brier_skill": figure(-0.001234567890123, p_value=0.6180339887),
                "hit_rate": figure(0.517, ci=[0.4511111, 0.5822222], ci_level=0.95),
                "dm": figure(-0.3),
            },
            "net_edge": missing(0, "no direction is predicted"),
        },
        "quality": {
            "verdict": "degraded",
            "reasons": ["2 of 23 sessions have no file: 2025-02-03, 2025-02-04"],
            "sessions": figure(21, 23),
            "rules": {"crossed": figure(0, 1_000_000), "duplicates": figure(3, 1_000_000)},
            "by_session": [{"day": "2025-02-05", "rows": 54_321, "coverage": 0.998, "half_day": False, "late": None}],
        },
        "volatility": {
            "realised": figure(0.1587, 23, unit="a year", label="Elevated", stderr=0.00123456789),
            "series": [0.1 + step / 1000 for step in range(40)],
        },
        "trend": {
            "5m": {"t": figure(1.1), "score": figure(0.5005202111902353, label="Bullish", p_value=0.27)},
            "1h": {"t": figure(-2e-7), "score": figure(-1e-7, label="Neutral")},
            "combined": figure(0.25),
        },
        "indicators": {"1h": {"rsi_14": figure(55.123456789), "sma_200": missing(120, "120 bars, 200 are needed")}},
        "levels": {
            "levels": [
                {
                    "price": figure(price - 3.5, unit="points"),
                    "side": "support",
                    "strength": figure(0.9),
                    "touches": 12,
                },
                {
                    "price": figure(price + 20.75, unit="points"),
                    "side": "resistance",
                    "strength": missing(3, "too few"),
                },
            ]
        },
        "regime": {"state": figure("calm", 529), "probability": figure(0.93, 529)},
        "seasonality": {"diurnal": {"factors": [1.0, 0.8, 1.4, 2.0]}},
        "prediction": {"1h": {"reliability": [{"predicted": 0.48, "observed": 0.5, "n": 100}]}},
        "risk": {"fhs_var_99": figure(123456.78, unit="USD"), "es_99": figure(150000.0, unit="USD")},
        "sizing": {"contracts": figure(0, 1)},
        "charts": {"closes": closes},
    }


def document(**told: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "job": {"id": 7, "kind": "full", "status": "done", "created_at": ASOF, "finished_at": ASOF},
        "asof": ASOF,
        "question": {"kind": "full", "symbols": ["ES", "CL"], "parameters": {"seed": 1, "margin": None}},
        "inputs": {"ES": {"source": "REPLAY", "ticks": 2_499_985}},
        "symbols": {"ES": symbol_tree(), "CL": symbol_tree(-37.63)},
        "portfolio": {
            "correlation": {"ES": {"CL": figure(0.31, ci=[0.2, 0.41])}},
            "diversification": {"dr": figure(1.2)},
        },
        "track_record": {"ES": {"hit_rate": figure(0.51, 140), "calibration": [{"p": 0.5, "rate": 0.52, "n": 140}]}},
        "work": {"seconds": 1.25},
        **told,
    }
