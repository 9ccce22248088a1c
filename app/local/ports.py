"""Loopback TCP ports: which one is free."""

import random
import socket
from collections.abc import Collection

from app.errors import Unavailable

LOOPBACK = "127.0.0.1"
# Below the kernel's range for outgoing connections, so that a server which restarts finds its port again.
_CANDIDATES = range(15000, 32000)
_ATTEMPTS = 200
_LARGEST = 65535


def is_free(port: int) -> bool:
    """True when a server could listen on this port of 127.0.0.1 at this moment."""
    if not 0 < port <= _LARGEST:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do it: a closed connection that lingers in TIME_WAIT does not take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None, avoid: Collection[int] = ()) -> int:
    """A free port of 127.0.0.1: the preferred one when it is free and not avoided, else a random one.

    The port is free now, not reserved: start the server soon. Unavailable when none can be found.
    """
    if preferred is not None and preferred not in avoid and is_free(preferred):
        return preferred
    for _ in range(_ATTEMPTS):
        port = random.choice(_CANDIDATES)  # noqa: S311
        if port not in avoid and is_free(port):
            return port
    raise Unavailable(f"no free port found on {LOOPBACK}: close some of the programs that listen there")
