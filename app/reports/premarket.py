"""The report before the open as a document: what its analysis says that matters then."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.clock import instant_text


def premarket_document(
    *,
    market: str,
    day: date,
    opens_at: datetime,
    analysis: Mapping[str, Any],
    rests_on: str,
    stages: Sequence[Mapping[str, Any]],
    left_out: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """The report on a trading day, of plain JSON; a number that is not finite is a ValueError."""
    document = {
        "market": market,
        "session_date": day.isoformat(),
        "opens_at": instant_text(opens_at),
        "made_at": instant_text(now),
        "asof": analysis["asof"],
        "rests_on": rests_on,
        "job_id": analysis["job"]["id"],
        "symbols": list(analysis["symbols"]),
        "analysis": {name: analysis[name] for name in ("symbols", "portfolio", "inputs")},
        "left_out": dict(left_out),
        "stages": [dict(stage) for stage in stages],
    }
    plain: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return plain
