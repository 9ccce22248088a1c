"""OpenAPI, and its page with assets from this machine."""

from pathlib import Path
from typing import Any, Final

import flask_swagger_ui
from apiflask import APIBlueprint, APIFlask
from flask import Response, send_from_directory

from app.api.problems import MEDIA_TYPE

ASSETS: Final = Path(flask_swagger_ui.__file__).parent / "dist"
ASSETS_KEPT_S: Final = 86_400
DESCRIPTION: Final = """Market data of futures: live quotes, their stream, bars, and the state of the pipeline.

Prices are decimal text and exact; null means not known. Times are UTC. Errors are RFC 9457 problem documents
(`application/problem+json`); those that may pass carry `Retry-After`."""
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

docs = APIBlueprint("docs", __name__, enable_openapi=False)


def configure_docs(app: APIFlask) -> None:
    """Serve the specification at /openapi.json and its page at /docs, without an address outside this machine."""
    app.config.update(
        DESCRIPTION=DESCRIPTION,
        AUTO_SERVERS=False,  # The server's address would be whatever Host the first client sent.
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        VALIDATION_ERROR_STATUS_CODE=400,
        DOCS_FAVICON="/docs/assets/favicon-32x32.png",
        SWAGGER_UI_CSS="/docs/assets/swagger-ui.css",
        SWAGGER_UI_BUNDLE_JS="/docs/assets/swagger-ui-bundle.js",
        SWAGGER_UI_STANDALONE_PRESET_JS="/docs/assets/swagger-ui-standalone-preset.js",
        SWAGGER_UI_CONFIG={"validatorUrl": None, "tryItOutEnabled": True},
    )
    app.spec_processor(describe_problems)


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


@docs.get("/docs/assets/<name>")
def send_asset(name: str) -> Response:
    """A file of the documentation page."""
    return send_from_directory(ASSETS, name, max_age=ASSETS_KEPT_S)
