"""Putting the ring around an application."""

from collections.abc import Iterable

from flask import Flask

from app.edge.ring import Ring


def install_ring(app: Flask, origins: Iterable[str], names: Iterable[str]) -> None:
    """Have every answer of `app`, and of what is mounted beside it by now, pass through the ring.

    Pages of `origins` may read the API; `names` are this server's, beside localhost and the machine's own.
    """
    vars(app)["wsgi_app"] = Ring(app.wsgi_app, origins, names)
