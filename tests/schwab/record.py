"""What was asked of the stand-in, without the secrets that were part of it."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

KEPT: Final = 100_000
SECRETS: Final = frozenset({"Authorization", "code", "refresh_token", "client_secret", "access_token", "client_id"})


class Record:
    """The latest requests and some counts, for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._counts: dict[str, int] = {}
        self._errors: list[BaseException] = []

    def add(self, kind: str, what: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        """Note a request, its secrets blotted out."""
        shown = {name: "***" if name in SECRETS else value for name, value in parameters.items()}
        with self._lock:
            self._requests.append({"kind": kind, **what, "parameters": shown, "at": time.time()})

    def count(self, what: str) -> None:
        """One more of something."""
        with self._lock:
            self._counts[what] = self._counts.get(what, 0) + 1

    def counted(self, what: str) -> int:
        """How many there were."""
        with self._lock:
            return self._counts.get(what, 0)

    def fail(self, error: BaseException) -> None:
        """Note an error of the stand-in itself."""
        with self._lock:
            self._errors.append(error)

    def check(self) -> None:
        """Raise the first error that was noted, once."""
        with self._lock:
            errors, self._errors = self._errors, []
        if errors:
            raise errors[0]

    def requests(self) -> list[dict[str, Any]]:
        """The latest requests, oldest first."""
        with self._lock:
            return list(self._requests)
