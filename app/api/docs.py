"""OpenAPI, and its page with assets from this machine."""

from html import escape
from pathlib import Path
from typing import Final

import flask_swagger_ui
from apiflask import APIBlueprint, APIFlask
from flask import Response, json, send_from_directory, url_for

from app.api.specification import finish_specification

ASSETS: Final = Path(flask_swagger_ui.__file__).parent / "dist"
ASSETS_KEPT_S: Final = 86_400
TITLE: Final = "Thor: the API"
DESCRIPTION: Final = """Market data of futures: live quotes, their stream, bars, and the state of the pipeline.

Who asks shows a key, `Authorization: Bearer <key>`, or is a browser that is logged in; each operation says which role
it needs. Programs on the server's own machine may read without either, unless its settings forbid it.

Prices are decimal text and exact; null means not known. Times are UTC. Errors are RFC 9457 problem documents
(`application/problem+json`); those that may pass carry `Retry-After`.

Every POST takes an `Idempotency-Key`: under one key the same request is done once, and answered alike for a day."""
# What the page's own scripts do is set styles, load the specification and send what is tried.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START: Final = "window.ui = SwaggerUIBundle({options});\n"
docs = APIBlueprint("docs", __name__, enable_openapi=False)


def configure_docs(app: APIFlask) -> None:
    """Serve the specification at /openapi.json and its page at /docs, without an address outside this machine."""
    app.config.update(
        DESCRIPTION=DESCRIPTION,
        AUTO_SERVERS=False,  # The server's address would be whatever Host the first client sent.
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        VALIDATION_ERROR_STATUS_CODE=400,
    )
    app.spec_processor(finish_specification)


@docs.get("/docs")
def show_page() -> Response:
    """The documentation page; it runs nothing of its own but a file that starts what it shows."""
    page = _PAGE.format(title=escape(TITLE))
    return Response(page, mimetype="text/html", headers={"Content-Security-Policy": POLICY})


@docs.get("/docs/start.js")
def start_page() -> Response:
    """What starts the page."""
    options = {
        "url": url_for("openapi.spec"),
        "dom_id": "#swagger-ui",
        "deepLinking": True,
        "validatorUrl": None,
        "tryItOutEnabled": True,
    }
    return Response(_START.format(options=json.dumps(options)), mimetype="text/javascript")


@docs.get("/docs/assets/<name>")
def send_asset(name: str) -> Response:
    """A file of the documentation page."""
    return send_from_directory(ASSETS, name, max_age=ASSETS_KEPT_S)
