"""Logins and plans as tests have them."""

import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from app.clock import SystemClock
from app.collectors.schwab.login import Attempt, begin
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.tokens import Login
from tests.factories import MOMENT
from tests.schwab.standin import StandIn


class ShiftedClock:
    """The machine's clock, wrong by a span that can be changed."""

    def __init__(self) -> None:
        self.wrong_by = timedelta(0)

    def now(self) -> datetime:
        """The present instant, as this clock has it."""
        return SystemClock().now() + self.wrong_by


def login(made_at: datetime = MOMENT, **parts: Any) -> Login:
    """A login of an instant, whose access token is as old."""
    token = {
        "access_token": "I0.access-token@",
        "refresh_token": "a-refresh-token",
        "id_token": "an-id-token",
        "token_type": "Bearer",
        "scope": "api",
        "expires_in": 1800,
        "expires_at": int(made_at.timestamp()) + 1800,
    }
    known = {"creation_timestamp": int(made_at.timestamp()), "token": token | parts.pop("token", {})}
    return Login.model_validate(known | parts)


def plan_at(standin: StandIn, folder: Path, **parts: Any) -> SchwabPlan:
    """The plan of an application that the stand-in knows."""
    known: dict[str, Any] = {
        "client_id": standin.client_id,
        "client_secret": standin.client_secret,
        "redirect_uri": standin.redirect_uri,
        "token_file": folder / "schwab" / "token.json",
        "api_url": standin.api_url,
    }
    return SchwabPlan(**known | parts)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_parts: Any) -> None:
        return None


def end_of(page: str) -> str:
    """Where the browser is sent by the login page."""
    try:
        urllib.request.build_opener(_Stay).open(page)
    except HTTPError as sent:
        with sent:
            return str(sent.headers["Location"])
    raise AssertionError("the login page sends the browser nowhere")


def have_pasted(monkeypatch: pytest.MonkeyPatch, answer_to: Callable[[str], str] = end_of) -> None:
    """Have a user paste what a function makes of the address of the login page."""
    pages: list[str] = []

    def begun(plan: SchwabPlan) -> Attempt:
        attempt = begin(plan)
        pages.append(attempt.url)
        return attempt

    monkeypatch.setattr("app.cli.schwab.begin", begun)
    monkeypatch.setattr("app.cli.schwab._line", lambda: answer_to(pages[-1]))
