"""Loopback TCP ports: which one is free, and which one is spoken for."""

import random
import socket
import sys
from collections.abc import Collection, Iterable

from app.errors import Unavailable

LOOPBACK = "127.0.0.1"
# Below the kernel's range for outgoing connections, so that a server which restarts finds its port again.
_CANDIDATES = range(15000, 32000)
_ATTEMPTS = 200
_LARGEST = 65535
# The claims of this process, with the descriptors that keep them.
_CLAIMED: dict[int, int] = {}


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
    return next(port for port in _candidates([preferred], avoid) if is_free(port))


def claim_port(wishes: Iterable[int | None], avoid: Collection[int] = ()) -> int:
    """The first of these ports that is free, not avoided and `claim`ed by this call, else a random one like that."""
    return next(port for port in _candidates(wishes, avoid) if is_free(port) and claim(port))


def claim(port: int) -> bool:
    """Speak for a port until this process ends; False when another Thor has.

    Seconds pass between the choice of a port and the moment when its server listens; two Thors that start together
    would choose the same. Only Linux can tell.
    """
    if port in _CLAIMED or sys.platform != "linux":
        return True
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as claimant:
        try:
            # A name without a file, which the kernel forgets with the process.
            claimant.bind(f"\0thor-port-{port}")
        except OSError:
            return False
        _CLAIMED[port] = claimant.detach()
    return True


def _candidates(wishes: Iterable[int | None], avoid: Collection[int]) -> Iterable[int]:
    yield from (port for port in wishes if port is not None and port not in avoid)
    for _ in range(_ATTEMPTS):
        port = random.choice(_CANDIDATES)
        if port not in avoid:
            yield port
    raise Unavailable(f"no free port found on {LOOPBACK}: close some of the programs that listen there")
