"""The ladder of the demo's newest day, worked by hand and read over HTTP as a user would."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import httpx

from app.operations.premarket.by_hand import Doing, climb_by_hand
from app.operations.premarket.hand_plan import plan_by_hand
from app.operations.premarket.policy import PremarketPolicy
from app.premarket.definition import climb_on
from app.stores import Stores


def climb_and_read(
    stores: Stores,
    policy: PremarketPolicy,
    doing: Doing,
    days: Collection[date],
    symbols: Sequence[str],
    http: httpx.Client,
) -> tuple[bool, str]:
    """Work the ladder of the newest of the days that has one, of these symbols, unless that is done, and read what it
    came to.

    The open of that day has passed, and a few sessions are little: the verdict must say so, with its reasons, and the
    page of the report the same; of data that are too poor there is none. Where no day has a ladder, as holidays have
    none, or only the first, that is told, and all is well.
    """
    market, ladder = stores.market, policy.ladder_of(stores.market.name)
    known = [day for day in sorted(days) if ladder is not None and climb_on(ladder, market, day) is not None]
    if not known or known[-1] == min(days):
        return True, f"of the demo's days none with an open of {market.name} that is prepared has another before it"
    # Further back there is nothing, and analyses would reject so little of so much.
    day, reach = known[-1], (known[-1] - min(days)).days
    policy = replace(policy, timeframe=f"{reach}days", only=symbols)
    answer = http.get(f"api/premarket/{day}")
    if answer.status_code == httpx.codes.NOT_FOUND or _is_to_be_worked(answer.json()):
        climb_by_hand(stores, policy, plan_by_hand(stores, policy, market.name, day), doing, lambda _text: None)
    ladder_told = _read(http, f"api/premarket/{day}").json()
    verdict, reasons = ladder_told["verdict"], ladder_told["reasons"]
    told = f"{day} is {verdict}: {_told(reasons)}"
    ok = verdict not in (None, "READY") and bool(reasons)
    if ladder_told["made_at"] is None:
        return ok and verdict == "MISSING", told
    page = _read(http, f"api/premarket/{day}/report?format=html").text
    return ok and f"<b>{verdict}</b>" in page, f"{told}; report of {len(page) // 1024} KB, format=html"


def _is_to_be_worked(ladder: dict[str, Any]) -> bool:
    # One that Thor slept through is over without a report, and not worked again.
    return ladder["made_at"] is None and ladder["phase"] != "over"


def _read(http: httpx.Client, path: str) -> httpx.Response:
    answer = http.get(path)
    answer.raise_for_status()
    return answer


def _told(reasons: list[Any]) -> str:
    more = len(reasons) - 1
    return f"{reasons[0] if reasons else 'no reason'}{f', and {more} more' if more > 0 else ''}"
