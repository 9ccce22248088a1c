"""What every operation of the specification has in common: who may ask, what may go wrong, and what one may send."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from flask import current_app

from app.access.roles import Role
from app.api.examples import describe_examples
from app.api.job_shapes import KEY_HEADER
from app.api.links import describe_links
from app.api.problems import MEDIA_TYPE
from app.api.shared_shapes import PLACE, share_shapes
from app.gate.policy import OPEN, TICKETED, needed_by
from app.runtime import runtime

PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457 problem document",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "a URI, about:blank", "examples": ["about:blank"]},
        "title": {"type": "string", "description": "the status in words", "examples": ["Bad Request"]},
        "status": {"type": "integer", "description": "that of the answer", "examples": [400]},
        "detail": {
            "type": "string",
            "description": "what is wrong, and what to do about it",
            "examples": ["symbols: no symbol is named"],
        },
        "instance": {"type": "string", "description": "the path that was asked for", "examples": ["/api/quotes"]},
        "request_id": {"type": "string", "description": "names the request in Thor's log"},
        "errors": {
            "type": "array",
            "description": "what is wrong with each field",
            "items": {
                "type": "object",
                "properties": {
                    "in": {"type": "string", "description": "query, path or json", "examples": ["query"]},
                    "field": {"type": "string", "description": "its name", "examples": ["symbols"]},
                    "detail": {"type": "string", "description": "what is wrong", "examples": ["no symbol is named"]},
                },
            },
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
# Parts of paths, whose converters tell nothing of them.
PATHS: Final[dict[str, dict[str, Any]]] = {
    "job_id": {"description": "id of an analysis", "examples": [17]},
    "alert_id": {"description": "id of an alert", "examples": [17]},
    "letter_id": {"description": "id of a dead letter", "examples": [17]},
    "day": {"description": "trading day, YYYY-MM-DD", "examples": ["2025-10-09"]},
    "source": {"description": "a source with a collector", "examples": ["SCHWAB"]},
    "symbol": {"description": "an instrument", "examples": ["ES"]},
}
IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "the same request under the same key is done once, and answered alike for a day",
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
}
LAST_EVENT_ID: Final[dict[str, Any]] = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "the id of the last event that was got, to go on behind it",
    "schema": {"type": "string"},
}
_SECONDS: Final = {"schema": {"type": "integer"}, "description": "seconds after which to try again"}
_HEADERS: Final[dict[str, Any]] = {
    "401": {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "how to say who one is"}},
    "429": {"Retry-After": _SECONDS},
    "503": {"Retry-After": _SECONDS},
}
_CONVERTER: Final = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


class Operation(NamedTuple):
    """A method of a path, as the specification has it, and the endpoint that answers."""

    method: str
    endpoint: str
    told: dict[str, Any]


def finish_specification(spec: Any) -> Any:
    """Say of every operation who may ask, what else it takes, every error, an example and where its answer leads."""
    schemas = spec["components"]["schemas"]
    schemas.pop("HTTPError", None)
    schemas["Problem"] = PROBLEM
    spec["components"]["securitySchemes"] = SCHEMES
    share_shapes(spec)
    operations = list(_operations(spec))
    for one in operations:
        _describe_parameters(one)
        _describe_need(one)
        _describe_problems(one)
    describe_examples(spec)
    describe_links({one.told["operationId"]: one.told for one in operations})
    return spec


def _operations(spec: Any) -> Iterator[Operation]:
    endpoints = {
        (_CONVERTER.sub(r"{\1}", rule.rule), method.lower()): rule.endpoint
        for rule in current_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, operations in spec["paths"].items():
        for method, told in operations.items():
            yield Operation(method, endpoints[path, method], told)


def _describe_parameters(one: Operation) -> None:
    parameters = one.told.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter["schema"].update(PATHS[parameter["name"]])
            if parameter["schema"]["type"] == "integer":
                parameter["schema"]["minimum"] = 0
        else:
            parameter["schema"] = _sendable(parameter["schema"])
        if "description" in parameter["schema"]:
            parameter["description"] = parameter["schema"].pop("description")
    if "requestBody" in one.told:
        one.told["requestBody"]["required"] = True
    if one.method == "post":
        parameters.append(IDEMPOTENCY_KEY)
    if one.endpoint in TICKETED:
        parameters.append(LAST_EVENT_ID)


def _sendable(schema: Any) -> Any:
    """The schema without null, which no address can hold: who means it leaves the parameter out."""
    others = [told for told in schema.get("anyOf", ()) if told != {"type": "null"}]
    if len(others) != 1:
        return schema
    kept = {key: told for key, told in schema.items() if key != "anyOf" and (key, told) != ("default", None)}
    return {**others[0], **kept}


def _describe_need(one: Operation) -> None:
    if one.endpoint in OPEN:
        one.told["security"] = []
        return
    role = needed_by(one.endpoint)
    ways = ["key", "login", *(["ticket"] if one.endpoint in TICKETED else [])]
    may_be_nobody = role is Role.VIEWER and runtime().settings.reads_anonymously
    one.told["security"] = [{way: []} for way in ways] + ([{}] if may_be_nobody else [])
    one.told["x-role"] = str(role)
    one.told["responses"]["401"] = {"description": "Nobody that is known asks, or the key opens nothing"}
    one.told["responses"]["403"] = {"description": f"The caller is no {role}"}


def _describe_problems(one: Operation) -> None:
    responses = one.told["responses"]
    for status, words in _usual_problems(one).items():
        responses.setdefault(status, {"description": words})
    for status, answer in responses.items():
        shape = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
        if status >= "400" and shape in ("", f"{PLACE}HTTPError"):
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": f"{PLACE}Problem"}}}
            if status in _HEADERS:
                answer.setdefault("headers", {}).update(_HEADERS[status])
    one.told["responses"] = dict(sorted(responses.items()))


def _usual_problems(one: Operation) -> dict[str, str]:
    usual = {"400": "A parameter is wrong"}
    if one.endpoint not in OPEN:
        usual |= {"429": "The caller asks too often", "503": "PostgreSQL or Redis is away"}
    if "requestBody" in one.told:
        usual |= {"413": "The body is too large", "415": "The body is not JSON"}
    if one.method == "post":
        usual["409"] = f"The {KEY_HEADER} was used for another request, or that one is still worked on"
    return usual
