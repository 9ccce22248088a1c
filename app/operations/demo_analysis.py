"""An analysis of the demo's symbols, asked for and read over HTTP as a user would."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from app.jobs.service import FINISHED

STEP_S: Final = 0.3
DEADLINE_S: Final = 180.0


def ask_and_read(http: httpx.Client, symbols: Sequence[str]) -> tuple[bool, str]:
    """Ask for an analysis, wait until a worker has done it, and read what it found; returns whether all is well.

    In prices made by chance there is nothing to predict, and a few sessions prove nothing anyway: every symbol must be
    held, for a reason, and the report must say the same.
    """
    answer = http.post("api/jobs", json={"symbols": list(symbols)})
    answer.raise_for_status()
    job = _finished(http, answer.json()["job"]["id"])
    name = f"job {job['id']} of {', '.join(symbols)}"
    if job["status"] != "done":
        return False, f"{name} is {job['status']}: {job['error'] or job['stage'] or 'no worker has taken it'}"
    found = _read(http, job["id"], "json").json()["symbols"]
    report = _read(http, job["id"], "html").text
    advice = {symbol: tree["recommendation"] for symbol, tree in found.items()}
    ok = list(found) == list(symbols) and all(map(_is_held, advice.values())) and "HOLD" in report
    where = f"{_results(job['id'])}?format=html, {len(report) // 1024} KB"
    return ok, f"{name} in {job['resources']['wall_s']:.1f} s: {_told(advice)}; report at {where}"


def _finished(http: httpx.Client, number: int) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = http.get(f"api/jobs/{number}")
        answer.raise_for_status()
        job: dict[str, Any] = answer.json()
        if job["status"] in FINISHED or time.monotonic() > deadline:
            return job
        time.sleep(STEP_S)


def _read(http: httpx.Client, number: int, form: str) -> httpx.Response:
    answer = http.get(_results(number), params={"format": form})
    answer.raise_for_status()
    return answer


def _results(number: int) -> str:
    return f"/api/jobs/{number}/results"


def _is_held(advice: Mapping[str, Any]) -> bool:
    return bool(advice["action"] == "HOLD" and advice["reason"] and advice["confidence"]["value"] == 0.5)


def _told(advice: Mapping[str, Mapping[str, Any]]) -> str:
    counts = Counter((one["action"], one["reason"]) for one in advice.values())
    return "; ".join(f"{count} {action}, as {reason}" for (action, reason), count in counts.items())
