"""Requests that wait as they are told, and errors of the kinds that the rest of Thor has."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay

from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable

KEY_HEADER: Final = "Idempotency-Key"
TIMEOUT_S: Final = 30.0
PATIENCE_S: Final = 60.0
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 10.0
Query = Mapping[str, str | int | float | bool | None]
_KINDS: Final[Mapping[int, type[ThorError]]] = {400: Rejected, 404: NotFound, 409: Conflict, 422: Rejected}


class Denied(ThorError):
    """The key opens nothing, or its role is too low: `flask key add` makes another one."""


class Busy(Unavailable):
    """The server asks to wait: it is away, or was asked too often. `retry_after_s` is what it told, if it did."""

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Transport:
    """Connections to one server. What can be sent twice is tried again for up to `patience_s` while it is busy."""

    def __init__(self, url: str, key: str | None, patience_s: float, transport: httpx.BaseTransport | None) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, transport=transport)
        self._patience_s = patience_s

    def read(self, path: str, query: Query | None = None, accept: str = "application/json") -> httpx.Response:
        """The answer of a GET; ThorError of the kind that its status has."""
        return self._patiently("GET", path, params=_told(query), headers={"Accept": accept})

    def change(self, method: str, path: str, body: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        """The answer of a request that changes something.

        It is sent once, whatever comes of it, unless it has an idempotency `key`, with which the server does it once
        however often it is sent.
        """
        if key is None:
            return self._send(method, path, json=dict(body))
        return self._patiently(method, path, json=dict(body), headers={KEY_HEADER: key})

    def _patiently(self, method: str, path: str, **told: Any) -> httpx.Response:
        asking = Retrying(
            retry=retry_if_exception_type(Busy), stop=stop_after_delay(self._patience_s), wait=_wait, reraise=True
        )
        return asking(lambda: self._send(method, path, **told))

    def _send(self, method: str, path: str, **told: Any) -> httpx.Response:
        try:
            answer = self.http.request(method, path, **told)
        except httpx.TransportError as error:
            raise Busy(f"{self.http.base_url} does not answer: {type(error).__name__}") from error
        check(answer)
        return answer


def check(answer: httpx.Response) -> None:
    """ThorError for an answer that is a problem document, with its detail; Busy for 429 and 503."""
    if answer.is_success:
        return
    detail = _detail(answer)
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Denied(detail)
    if answer.status_code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        told = answer.headers.get("Retry-After", "")
        raise Busy(detail, float(told) if told.isdecimal() else None)
    raise _KINDS.get(answer.status_code, ThorError)(detail)


def _detail(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        return f"{told['detail']} (request {told['request_id']})"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code} {answer.reason_phrase}"


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told = error.retry_after_s if isinstance(error, Busy) else None
    return told if told is not None else min(FIRST_WAIT_S * 2 ** (state.attempt_number - 1), LONGEST_WAIT_S)


def _told(query: Query | None) -> dict[str, str]:
    return {name: _text(value) for name, value in (query or {}).items() if value is not None}


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
