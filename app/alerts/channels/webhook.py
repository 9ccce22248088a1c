"""Messages as JSON to an https address."""

import contextlib
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import httpcore

from app import VERSION
from app.alerts.channels.addresses import (
    Address,
    Resolve,
    Target,
    checked_addresses,
    is_public,
    parse_target,
    resolve_name,
)
from app.alerts.channels.channel import SEND_WITHIN_S
from app.alerts.channels.pinned import PinnedBackend
from app.alerts.channels.plan import WebhookPlan
from app.alerts.messages import Message
from app.errors import Rejected, Unavailable

SIGNATURE: Final = "X-Thor-Signature"
MESSAGE_ID: Final = "X-Thor-Message-Id"
# What a server says that is away, slow or asked too often; all else that is no success stays as it is.
AGAIN: Final = frozenset({408, 409, 423, 425, 429})


class WebhookChannel:
    """Posts messages to one address; no redirect is followed, and the answer is not read.

    `resolve` tells the addresses of a name, `is_allowed` which of them may be connected to, `trust` whose certificates
    are good.
    """

    name = "webhook"

    def __init__(
        self,
        plan: WebhookPlan,
        *,
        resolve: Resolve = resolve_name,
        is_allowed: Callable[[Address], bool] = is_public,
        trust: ssl.SSLContext | None = None,
        within_s: float = SEND_WITHIN_S,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._plan = plan
        self._resolve, self._is_allowed = resolve, is_allowed
        self._trust = trust
        self._within_s, self._now_s = within_s, now_s

    def send(self, message: Message) -> None:
        """Post a message; Unavailable or Rejected when it was not taken."""
        target = parse_target(self._plan.url, self._plan.hosts)
        addresses = checked_addresses(target, self._resolve, self._is_allowed)
        try:
            status = self._post(target, addresses, message)
        except httpcore.TimeoutException:
            raise Unavailable(f"{target.host} took longer than {self._within_s:g} s") from None
        except httpcore.ConnectError as error:
            raise Unavailable(f"{target.host} cannot be connected to{_certificate(error)}") from None
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise Unavailable(f"{target.host} ended the connection ({type(error).__name__})") from None
        _check(target.host, status)

    def _post(self, target: Target, addresses: Sequence[str], message: Message) -> int:
        body, deadline_s = body_of(message), time.monotonic() + self._within_s
        headers = self._headers(message, body)
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError):
                return self._ask(target, address, headers, body, deadline_s)
        return self._ask(target, addresses[-1], headers, body, deadline_s)

    def _ask(self, target: Target, address: str, headers: Mapping[str, str], body: bytes, deadline_s: float) -> int:
        trust = self._trust or ssl.create_default_context()
        url = f"https://{target.host}:{target.port}{target.path}"
        with (
            httpcore.ConnectionPool(trust, network_backend=PinnedBackend(target.host, address, deadline_s)) as pool,
            pool.stream("POST", url, headers=list(headers.items()), content=body) as answer,
        ):
            return int(answer.status)

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Thor/{VERSION}",
            MESSAGE_ID: message.id,
        }
        if self._plan.secret:
            headers[SIGNATURE] = sign(self._plan.secret, int(self._now_s()), body)
        return headers


def body_of(message: Message) -> bytes:
    """What is posted: the message as JSON, in UTF-8."""
    return json.dumps(message.form(), ensure_ascii=False, allow_nan=False).encode()


def sign(secret: str, at_s: int, body: bytes) -> str:
    """The signature of a body that is posted `at_s`, in seconds of the epoch: `t=<at_s>,v1=<hex>`.

    The hex digits are HMAC-SHA256 (RFC 2104) of `<at_s>.` and the body, with the secret in UTF-8 as the key.
    """
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


def _check(host: str, status: int) -> None:
    if 200 <= status < 300:
        return
    if status in AGAIN or status >= 500:
        raise Unavailable(f"{host} answered {status}")
    more = ": redirects are not followed, so set the address to where it leads" if 300 <= status < 400 else ""
    raise Rejected(f"{host} answered {status}{more}")


def _certificate(error: BaseException | None) -> str:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return ": its certificate cannot be trusted"
        error = error.__cause__ or error.__context__
    return ""
