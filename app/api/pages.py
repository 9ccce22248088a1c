"""Answers in parts: tables sent as CSV or Arrow while they are read, and the way to what follows."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Response, request

from app.api.negotiation import ARROW, CSV

if TYPE_CHECKING:
    import pyarrow as pa

NEXT_HEADER: Final = "X-Next-Cursor"
_SUFFIXES: Final = {CSV: "csv", ARROW: "arrows"}
PAGE_HEADERS: Final[dict[str, Any]] = {
    NEXT_HEADER: {
        "description": "as next_cursor; absent where the range ends with this answer",
        "schema": {"type": "string"},
    },
    "Link": {"description": 'the address of what follows, as rel="next"', "schema": {"type": "string"}},
}


def open_forms(csv_example: str) -> dict[str, Any]:
    """What OpenAPI says of an answer that has all three forms, beside its JSON."""
    return {
        "description": "In the form that Accept asks for; CSV and Arrow are sent while they are read, and an answer "
        "that ends without its last chunk is not whole",
        "content": {
            CSV: {"schema": {"type": "string"}, "example": csv_example},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
        "headers": PAGE_HEADERS,
    }


def answer_tables(form: str, tables: Iterable["pa.Table"], schema: "pa.Schema", name: str) -> Response:
    """A CSV or Arrow answer, sent table by table; the first one is read before, so that its errors have a status."""
    from app.api.tables import arrow_parts, csv_parts

    parts = (csv_parts if form == CSV else arrow_parts)(_begun(tables), schema)
    answer = Response(parts, content_type=f"{form}; charset=utf-8" if form == CSV else form)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{_SUFFIXES[form]}"'
    return answer


def link_next(answer: Response, cursor: str | None) -> Response:
    """Tell in the headers where the answer goes on, if it does."""
    if cursor is not None:
        kept = {
            name: value for name, value in request.args.items() if name in ("symbol", "timeframe", "columns", "limit")
        }
        query = urlencode({**kept, "cursor": cursor})
        answer.headers[NEXT_HEADER] = cursor
        answer.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return answer


def _begun(tables: Iterable["pa.Table"]) -> Iterator["pa.Table"]:
    rest = iter(tables)
    return chain([table for table in [next(rest, None)] if table is not None], rest)
