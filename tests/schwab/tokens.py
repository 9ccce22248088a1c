"""Who may come in: authorization codes, access tokens and refresh tokens, and when each of them dies."""

import secrets
import threading
import time
from typing import Any, Final

CODE_S: Final = 30.0
ACCESS_S: Final = 1800
REFRESH_S: Final = 7 * 24 * 3600.0


class Refused(Exception):
    """A grant that is not given: the HTTP status and the body that say so."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "error_description": description}


class Tokens:
    """Codes work once and for `code_s`; a refresh token dies `refresh_s` after its login, whatever it is used for."""

    def __init__(self, access_s: int = ACCESS_S, refresh_s: float = REFRESH_S, code_s: float = CODE_S) -> None:
        self._access_s, self._refresh_s, self._code_s = access_s, refresh_s, code_s
        self._lock = threading.Lock()
        self._codes: dict[str, tuple[float, str]] = {}
        self._access: dict[str, float] = {}
        self._refresh: dict[str, float] = {}

    def issue_code(self, redirect_uri: str) -> str:
        """A code for the callback; it has characters that a URL must escape."""
        code = f"C0.{secrets.token_urlsafe(24)}@"
        with self._lock:
            self._codes[code] = (time.time() + self._code_s, redirect_uri)
        return code

    def exchange(self, code: str, redirect_uri: str) -> dict[str, Any]:
        """The tokens of a login; Refused when the code is used, old, unknown or of another callback."""
        with self._lock:
            until, made_for = self._codes.pop(code, (0.0, ""))
        if until < time.time() or made_for != redirect_uri:
            raise Refused(400, "unsupported_token_type", _nested("invalid_request", "Bad authorization code"))
        return self.log_in(time.time())

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        """A new access token beside the same refresh token; Refused when that one is dead."""
        now = time.time()
        with self._lock:
            if self._refresh.get(refresh_token, 0.0) <= now:
                told = "Exception while authenticating refresh token [tokenDigest=..., Exception=Failed refresh token "
                error = "refresh_token_authentication_error"
                raise Refused(400, "unsupported_token_type", _nested(error, told + "authentication [tokenDigest=...]]"))
            return self._tell(self._new_access(now), refresh_token)

    def log_in(self, at: float) -> dict[str, Any]:
        """The tokens of a login at that time, epoch seconds."""
        refresh_token = secrets.token_urlsafe(48)
        with self._lock:
            self._refresh[refresh_token] = at + self._refresh_s
            return self._tell(self._new_access(at), refresh_token)

    def admits(self, access_token: object) -> bool:
        """Whether an access token is alive."""
        with self._lock:
            return isinstance(access_token, str) and self._access.get(access_token, 0.0) > time.time()

    def expire_access(self) -> None:
        """Let every access token die now."""
        with self._lock:
            self._access.clear()

    def expire_refresh(self) -> None:
        """Let every refresh token die now."""
        with self._lock:
            self._refresh.clear()

    def _new_access(self, at: float) -> str:
        now = time.time()
        self._access = {token: until for token, until in self._access.items() if until > now}
        access_token = f"I0.{secrets.token_urlsafe(48)}@"
        self._access[access_token] = at + self._access_s
        return access_token

    def _tell(self, access_token: str, refresh_token: str) -> dict[str, Any]:
        return {
            "expires_in": self._access_s,
            "token_type": "Bearer",
            "scope": "api",
            "refresh_token": refresh_token,
            "access_token": access_token,
            "id_token": "stand-in-id",
        }


def _nested(error: str, description: str) -> str:
    inner = f'{{\\"error_description\\":\\"{description}\\",\\"error\\":\\"{error}\\"}}'
    return f'400 Bad Request: "{inner}"'
