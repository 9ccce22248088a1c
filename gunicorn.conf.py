"""Settings of the web server that its command line cannot hold; it reads them from the folder that it starts in."""

from threading import Event
from typing import Any, Final

import gunicorn.http.wsgi

from app.local.pauses import keep_pauses_short, search_by_the_clock
from app.metrics.process import keep_figures
from app.metrics.recording import share_counts
from app.settings import load_settings

WEB: Final = "web"

worker_class = "app.edge.worker.GatheringWorker"
limit_request_line = 8190
# What answers is nobody's business; the name stands in every answer and cannot be set otherwise.
gunicorn.http.wsgi.SERVER = "Thor"


def post_worker_init(_worker: Any) -> None:
    """Called by a worker process that has loaded the application."""
    keep_pauses_short()
    search_by_the_clock(Event())
    share_counts(load_settings().metrics_dir, WEB)
    keep_figures(WEB)
