"""OpenAPI, and its page with assets from this machine."""

import re
from html import escape
from pathlib import Path
from typing import Any, Final

import flask_swagger_ui
from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, json, send_from_directory, url_for

from app.access.roles import Role
from app.api.problems import MEDIA_TYPE
from app.gate.policy import OPEN, TICKETED, needed_by

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
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem document",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "examples": ["Bad Request"]},
        "status": {"type": "integer", "examples": [400]},
        "detail": {"type": "string", "examples": ["symbols: no symbol is named"]},
        "instance": {"type": "string", "examples": ["/api/quotes"]},
        "request_id": {"type": "string", "description": "names the request in Thor's log"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {name: {"type": "string"} for name in ("in", "field", "detail")}},
        },
    },
}

SCHEMES: Final[dict[str, Any]] = {
    "key": {"type": "http", "scheme": "bearer", "description": "an API key, as `flask key add` makes it"},
    "login": {"type": "apiKey", "in": "cookie", "name": "thor", "description": "of a browser that is logged in"},
    "ticket": {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "of POST /api/tickets, for one stream",
    },
}
_CONVERTER: Final = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")

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
    app.spec_processor(lambda spec: describe_access(describe_problems(spec)))


def describe_access(spec: Any) -> Any:
    """Say of every operation which role it needs, and how one shows that one has it."""
    spec["components"]["securitySchemes"] = SCHEMES
    endpoints = {
        (_CONVERTER.sub(r"{\1}", rule.rule), method.lower()): rule.endpoint
        for rule in current_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            _describe_need(operation, endpoints[path, method])
    return spec


def _describe_need(operation: Any, endpoint: str) -> None:
    if endpoint in OPEN:
        operation["security"] = []
        return
    role = needed_by(endpoint)
    ways = ["key", "login", *(["ticket"] if endpoint in TICKETED else [])]
    operation["security"] = [{way: []} for way in ways] + ([{}] if role is Role.VIEWER else [])
    operation["x-role"] = str(role)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"]["401"] = {
        "description": "Nobody that is known asks, or the key opens nothing",
        "content": content,
    }
    operation["responses"]["403"] = {"description": f"The caller is no {role}", "content": content}


def describe_problems(spec: Any) -> Any:
    """Say of every operation that its errors are problem documents."""
    spec.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in spec["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400" and not answer.get("content"):
                    answer["content"] = content
            operation["responses"]["default"] = {"description": "Any other error", "content": content}
    return spec


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
