"""Every error as an RFC 9457 problem document: which status an error has is decided here and nowhere else."""

import logging
import re
import unicodedata
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from apiflask import APIFlask, HTTPError
from flask import Response, g, json, request
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from app.api.query import WrongField
from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2
STATUS: Final = ((Rejected, 400), (NotFound, 404), (Conflict, 409), (Unavailable, 503))
AWAY: Final = (RedisConnectionError, RedisTimeoutError, OperationalError, InterfaceError, PoolTimeoutError)
_DETAIL_LIMIT: Final = 500
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FOREIGN_WORDS: Final = {"Extra inputs are not permitted": "is not known here: leave it out"}


def install_problems(app: APIFlask) -> None:
    """Answer every error of `app` as application/problem+json, without a trace; unexpected ones are logged with it."""
    app.error_processor(_from_validation)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(ThorError, _from_kind)
    for kind in AWAY:
        app.register_error_handler(kind, _from_outage)
    app.register_error_handler(DBAPIError, _from_database)
    app.register_error_handler(Exception, _from_fault)


def problem(
    status: int, detail: str, *, errors: list[dict[str, str]] | None = None, headers: dict[str, str] | None = None
) -> Response:
    """The problem document: `errors` names the fields at fault; `headers` are added to the answer."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": printable(detail),
        "instance": quote(request.path[:200]),
        "request_id": request_id(),
    }
    if errors:
        body["errors"] = errors
    answer = Response(json.dumps(body), status=status, content_type=MEDIA_TYPE)
    answer.headers.update(headers or {})
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers.setdefault("Retry-After", str(RETRY_AFTER_S))
    return answer


def refuse_more(detail: str, headers: Mapping[str, str]) -> Response:
    """The problem document for somebody who asks too often."""
    return problem(HTTPStatus.TOO_MANY_REQUESTS, detail, headers=dict(headers))


def request_id() -> str:
    """The name of the present request in answers and logs: the client's X-Request-Id when it is plain, else our own."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    return str(g.request_id)


def printable(text: str, limit: int = _DETAIL_LIMIT) -> str:
    """`text` cut to `limit`, with control, format and other invisible characters written as escapes."""
    shown = "".join(_escaped(char) if unicodedata.category(char)[0] == "C" else char for char in text[:limit])
    return shown + ("…" if len(text) > limit else "")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _from_kind(error: ThorError) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _from_fault(error)
    if isinstance(error, WrongField):
        told = {"in": error.place, "field": error.field, "detail": printable(error.reason)}
        return problem(status, str(error), errors=[told])
    return problem(status, str(error))


def _from_http(error: HTTPException) -> Response:
    status = 400 if error.code == HTTPStatus.UNPROCESSABLE_ENTITY else error.code or 500
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return problem(status, error.description or error.name, headers=headers)


def _from_validation(error: HTTPError) -> Response:
    status = 400 if error.status_code == HTTPStatus.UNPROCESSABLE_ENTITY else error.status_code
    errors = _field_errors(error.detail)
    detail = "; ".join(f"{found['field']}: {found['detail']}" for found in errors) or error.message or ""
    return problem(status, detail, errors=errors, headers=dict(Headers(error.headers)))


def _field_errors(detail: Any) -> list[dict[str, str]]:
    return [
        {"in": str(place), "field": printable(str(field), 60), "detail": printable(_FOREIGN_WORDS.get(text, text))}
        for place, fields in (detail or {}).items()
        for field, texts in fields.items()
        for text in texts
    ]


def _from_outage(error: Exception) -> Response:
    server = "Redis" if isinstance(error, RedisConnectionError | RedisTimeoutError) else "PostgreSQL"
    log.warning("request %s: %s is away: %s", request_id(), server, printable(str(error).partition("\n")[0], 200))
    return problem(503, f"{server} does not answer: try again in {RETRY_AFTER_S} s")


def _from_database(error: DBAPIError) -> Response:
    return _from_outage(error) if error.connection_invalidated else _from_fault(error)


def _from_fault(error: Exception) -> Response:
    log.error("request %s to %s failed", request_id(), printable(request.path, 200), exc_info=error)
    return problem(500, f"this is a fault in Thor: its log has the cause under the request id {request_id()}")
