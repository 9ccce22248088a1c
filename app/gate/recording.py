"""Keeping on record what callers changed, and what they were refused."""

import logging
from http import HTTPMethod, HTTPStatus
from typing import Any, Final

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.access.audit import Outcome, record
from app.access.roles import ANONYMOUS, Caller
from app.errors import ThorError
from app.runtime import runtime

log = logging.getLogger(__name__)

_CHANGES: Final = frozenset({HTTPMethod.POST, HTTPMethod.PUT, HTTPMethod.PATCH, HTTPMethod.DELETE})
# These keep their own record, or change nothing.
_OTHERWISE: Final = frozenset({"entry.log_in", "entry.use_login_link", "entry.log_out", "me.make_stream_ticket"})
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def install_recording(app: Flask) -> None:
    """Add a row to the audit for every request to `app` that changes something, or that a known caller may not do."""
    app.after_request(_record_request)


def note(action: str, subject: str = "", outcome: Outcome = "done", *, actor: str = "", **facts: Any) -> None:
    """Add a row about the present request in a transaction of its own; where that fails, a line of the log says so."""
    rt = runtime()
    who = actor or _caller().label
    try:
        with rt.sessions.begin() as session:
            record(
                session,
                rt.clock.now(),
                who,
                action,
                subject,
                outcome,
                address=request.remote_addr or "",
                request_id=g.get("request_id", ""),
                facts=facts,
            )
    except (SQLAlchemyError, ThorError) as error:
        log.warning("not on record: %s by %s, %s: %s", action, who, outcome, type(error).__name__)


def _record_request(answer: Response) -> Response:
    refused = answer.status_code in _REFUSED
    changes = request.method in _CHANGES and request.endpoint not in _OTHERWISE
    # Whoever is nobody could fill the table: a line of the log is enough.
    if _caller() is not ANONYMOUS and (changes or (refused and request.endpoint is not None)):
        outcome: Outcome = "refused" if refused else "done" if answer.status_code < HTTPStatus.BAD_REQUEST else "failed"
        note(f"{request.method} {request.endpoint}", request.path, outcome, status=answer.status_code)
    return answer


def _caller() -> Caller:
    found: Caller = g.get("caller", ANONYMOUS)
    return found
