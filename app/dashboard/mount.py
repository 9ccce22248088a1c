"""Putting the dashboard on the application: one page under every address of its views, and the files that it loads."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from apiflask import APIBlueprint, APIFlask
from flask import Response, request
from werkzeug.exceptions import NotFound

from app.dashboard.files import ASSETS, file_answer, page_answer

STATIC: Final = Path(__file__).parent / "static"
PREFIX: Final = "/dashboard"
# The addresses of the views, which the page itself reads.
PAGES: Final = (
    "/",
    "/chart",
    "/chart/<symbol>",
    "/analysis",
    "/analysis/<path:place>",
    "/premarket",
    "/premarket/<day>",
    "/operations",
    "/operations/<section>",
)
POLICY: Final = "; ".join(
    [
        *(f"{kind}-src 'self'" for kind in ("default", "style", "script")),
        "img-src 'self' data:",
        *(f"{kind}-src 'self'" for kind in ("connect", "frame")),
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
MISSING: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Thor: the dashboard is not built</title></head>
<body><h1>The dashboard is not built</h1>
<p>Its files are missing here. In the folder of this Thor, with Node 20 and npm, run <code>make dashboard</code>, and
load this page again; the server need not be restarted.</p>
<p>Everything else works: <a href="/docs">the API</a>, <a href="/admin/">the tables</a>,
<a href="/api/health/ready">readiness</a>.</p></body></html>
"""


def install_dashboard(app: APIFlask, static: Path = STATIC) -> None:
    """Have `app` answer the addresses of the dashboard with what was built into `static`.

    Files are read when they are asked for: a build shows without a restart. Without a build the page says with 503
    what to do.
    """
    dashboard = APIBlueprint("dashboard", __name__, enable_openapi=False)

    def show_page(**_place: object) -> Response:
        return page_answer(static, request) or Response(
            MISSING, HTTPStatus.SERVICE_UNAVAILABLE, {"Cache-Control": "no-store"}, mimetype="text/html"
        )

    def send_asset(name: str) -> Response:
        answer = file_answer(static / ASSETS, name, request)
        if answer is None:
            raise NotFound("the dashboard has no such file: load the page again")
        return answer

    for rule in PAGES:
        dashboard.add_url_rule(rule, "show_page", show_page)
    dashboard.add_url_rule(f"{PREFIX}/{ASSETS}/<path:name>", "send_asset", send_asset)
    dashboard.after_request(_harden)
    app.register_blueprint(dashboard)


def _harden(answer: Response) -> Response:
    answer.headers["Content-Security-Policy"] = POLICY
    # Without it browsers hide of a form where it came from, and logging out would be refused.
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer
