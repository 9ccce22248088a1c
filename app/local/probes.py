"""Readiness of a web server, asked over HTTP."""

import http.client

from app.local.ports import LOOPBACK

_TIMEOUT_S = 0.5


def answers(port: int, path: str, host: str = LOOPBACK) -> bool:
    """True when the server answers a GET of this path with a status below 400."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
