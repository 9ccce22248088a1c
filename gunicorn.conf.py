"""Settings of the web server that its command line cannot hold; it reads them from the folder that it starts in."""

from typing import Any

from app.local.pauses import keep_pauses_short


def post_worker_init(_worker: Any) -> None:
    """Called by a worker process that has loaded the application."""
    keep_pauses_short()
