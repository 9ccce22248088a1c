"""Log lines: structured, one form for every library, and without secrets."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog

_URL_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]*):[^@/\s]+@")
_HIDDEN: Final = r"\1:***@"
# Whatever could end a line, move the cursor or hide text on a terminal.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Below WARNING these tell what goes over the wire: headers, bodies, frames, and with them whoever's tokens.
_QUIET: Final = (
    "amqp",
    "kombu",
    "urllib3",
    "asyncio",
    "httpx",
    "httpcore",
    "hpack",
    "websockets",
    "schwab",
    "authlib",
    "filelock",
)
# Which of its own parts Alembic has loaded is no news.
_INTERNAL: Final = ("alembic.runtime.plugins",)
_TELLING_NAMES: Final = (
    "access_token|refresh_token|id_token|client_secret|authorization|SchwabClientCustomerId|SchwabClientCorrelId"
)
_VALUE: Final = r"[^\s\"'\\&,})\]]{8,}"
# In turn: what follows its scheme, as in a header; what follows its name, as in JSON, a repr or a form; a code in an
# address; and Schwab's codes and access tokens, by their looks, wherever they stand.
_CREDENTIALS: Final = (
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=@%-]{16,}", re.IGNORECASE), r"\1 ***"),
    (
        re.compile(rf"""\b({_TELLING_NAMES})(["'\\]*\s*[:=,]\s*b?["'\\]*)(?!Bearer|Basic){_VALUE}""", re.IGNORECASE),
        r"\1\2***",
    ),
    (re.compile(r"(?<=[?&]code=)[^\s&\"']+"), "***"),
    (re.compile(r"\b[CI]0\.[\w.~%@-]{16,}"), "***"),
    # Thor's own: the part before is its public name.
    (re.compile(r"\b(thor_(?:key|login|link|ticket)_[0-9a-f]{12})_[\w-]{43}"), r"\1_***"),
)
# What the queues say at every periodic tick; failures are of another level and stay.
_ROUTINE: Final = ("control.market_tick", ".probe[", "market-tick")


def configure_logs(level: str, form: str, addresses: Iterable[str | None] = (), secrets: Iterable[str] = ()) -> None:
    """Send every logger's events to standard error, each on one line, as `console` text or `json`.

    In console text the lines of a traceback follow, indented. Passwords in URLs become ***, and those of `addresses`
    and `secrets` wherever they stand; so does what is named, or looks, like a credential. Libraries that log what goes
    over the wire are heard from WARNING on, whatever the level.
    """
    passwords = [password for url in addresses if url and (password := urlsplit(url).password)]
    hide = _Redaction({*passwords, *map(unquote, passwords), *secrets})
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide,
    ]
    last: Any = structlog.processors.JSONRenderer() if form == "json" else _line
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, hide, last],
        )
    )
    handler.addFilter(_is_news)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in (*_QUIET, *_INTERNAL):
        logging.getLogger(name).setLevel(logging.WARNING)


def _is_news(record: logging.LogRecord) -> bool:
    if record.levelno > logging.INFO or not record.name.startswith("celery."):
        return True
    text = record.getMessage()
    return not any(word in text for word in _ROUTINE)


class _Redaction:
    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {name: self._hide(value) if isinstance(value, str) else value for name, value in event.items()}

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for pattern, shown in _CREDENTIALS:
            text = pattern.sub(shown, text)
        return _URL_PASSWORD.sub(_HIDDEN, text)


def _line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    known = {"timestamp", "level", "logger", "event", "exception"}
    extra = "".join(f" {name}={value}" for name, value in event.items() if name not in known)
    trace = "".join(f"\n  {_escaped(line)}" for line in str(event.get("exception") or "").splitlines())
    head = f"{event['timestamp'][11:23]} {event['level']:<7} {event['logger']}"
    return f"{head}: {_escaped(str(event.get('event', '')) + extra)}{trace}"


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
