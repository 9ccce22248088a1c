"""An example of every answer, made of those of its fields."""

from collections.abc import Mapping
from typing import Any, Final

from app.api.shared_shapes import PLACE

# By the field's name, where the shape itself shows none. What is often empty is shown empty.
TEXTS: Final[Mapping[str, str]] = {
    "acknowledged_by": "maria",
    "actor": "user anna",
    "address": "127.0.0.1",
    "admin_path": "/admin/",
    "calendar": "CME_Futures",
    "close_reason": "2 minutes without quotes before the close",
    "contract": "ESZ25",
    "contract_source": "SCHWAB",
    "currency": "USD",
    "data_hash": "00ff" * 16,
    "detail": "nothing new for 131 s: look at the source's program",
    "docs_path": "/docs",
    "dropped": "",
    "error": "",
    "fenced": "displaced by a newer holder",
    "flower_url": "http://127.0.0.1:5555",
    "host": "desk",
    "last_error": "connection refused",
    "market": "CME_Futures",
    "missing": "ZB",
    "name": "E-mini S&P 500",
    "next_cursor": "17",
    "note": "the broker has been called",
    "params_hash": "00ff" * 16,
    "path": "ticks/date=2025-10-09/symbol=ES/ticks.parquet",
    "reason": "last: not a price",
    "reasons": "the report was late",
    "ref": "1760023800108-0",
    "request_id": "desk-17",
    "rests_on": "premarket",
    "session_date": "2025-10-09",
    "sha256": "00ff" * 16,
    "silent_symbols": "ZB",
    "source": "SCHWAB",
    "sources": "SCHWAB",
    "stream_id": "1760023800108-0",
    "symbol": "ES",
    "symbols": "ES",
    "through_seq": "783500482379",
    "ticket": "as-it-was-made",
    "timezone": "America/Chicago",
    "void": "no trade near the time",
    "worker": "analysis@desk",
    "wrong": "last: not a price",
}
_PLAIN: Final[Mapping[str, Any]] = {"integer": 1, "number": 0.5, "boolean": True, "null": None}


def describe_examples(spec: Any) -> None:
    """Give every JSON answer of success an example, unless it has one; KeyError for a text that no example is known of.

    The answer of an operation that lacks a shape has that of the operation's other success.
    """
    for operation in (one for operations in spec["paths"].values() for one in operations.values()):
        media = [
            answer["content"]["application/json"]
            for status, answer in operation["responses"].items()
            if status.startswith("2") and "application/json" in answer.get("content", {})
        ]
        for one in media:
            one["schema"] = one["schema"] or next(other["schema"] for other in media if other["schema"])
            if "example" not in one and "examples" not in one:
                one["example"] = example_of(one["schema"], spec["components"]["schemas"])


def example_of(schema: Any, schemas: Mapping[str, Any], name: str = "") -> Any:
    """A value of a schema of the specification; `name` is the field's that has it."""
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "const" in schema:
        return schema["const"]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].removeprefix(PLACE)], schemas, name)
    if "anyOf" in schema:
        return example_of(next(one for one in schema["anyOf"] if one != {"type": "null"}), schemas, name)
    return _of_type(schema, schemas, name)


def _of_type(schema: Any, schemas: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return {key: example_of(told, schemas, key) for key, told in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema["items"], schemas, name)]
    return TEXTS[name] if kind == "string" else max(_PLAIN[kind], schema.get("minimum", _PLAIN[kind]))
