"""Answers in parts: pages of lists, tables sent as CSV or Arrow while they are read, and the way to what follows."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

from flask import Response, request

from app.api.negotiation import ARROW, CSV, JSON
from app.api.page_shapes import BULK_LIMIT_MAX
from app.api.query import WrongField

if TYPE_CHECKING:
    import pyarrow as pa

Row = TypeVar("Row")
PageAnswer = tuple[dict[str, object], int, dict[str, str]]


class Numbered(Protocol):
    """A row that has an id."""

    id: Any


NEXT_HEADER: Final = "X-Next-Cursor"
PREVIOUS_HEADER: Final = "X-Previous-End"
_SUFFIXES: Final = {CSV: "csv", ARROW: "arrows"}
PAGE_HEADERS: Final[dict[str, Any]] = {
    NEXT_HEADER: {
        "description": "as next_cursor; absent where the range ends with this answer",
        "schema": {"type": "string"},
    },
    "Link": {"description": 'the address of what follows, as rel="next"', "schema": {"type": "string"}},
}


PREVIOUS_HEADERS: Final[dict[str, Any]] = {
    PREVIOUS_HEADER: {
        "description": "as previous_end; absent where nothing is earlier",
        "schema": {"type": "string", "format": "date-time"},
    },
    "Link": {
        "description": 'the address of what follows, as rel="next", or with last of what is before, as rel="prev"',
        "schema": {"type": "string"},
    },
}


def cut_page(rows: Sequence[Row], limit: int, key: Callable[[Row], str]) -> tuple[Sequence[Row], str | None]:
    """The first `limit` of rows, and the cursor of the last of them where there are more."""
    shown = rows[:limit]
    return shown, key(shown[-1]) if len(rows) > limit else None


def by_id(row: "Numbered") -> str:
    """The cursor of a row whose place in its list is its id."""
    return str(row.id)


def answer_page(name: str, forms: Sequence[Mapping[str, Any]], cursor: str | None, **more: object) -> PageAnswer:
    """A page of a list as an answer: its rows under `name`, `next_cursor`, and the way to the next one in `Link`."""
    headers = {} if cursor is None else {"Link": _address("next", {**request.args.to_dict(), "cursor": cursor})}
    return {name: list(forms), "next_cursor": cursor, **more}, HTTPStatus.OK, headers


def require_json_limit(form: str, limit: int | None) -> None:
    """Rejected when more rows are asked for than an answer in JSON may hold."""
    if form == JSON and (limit or 0) > BULK_LIMIT_MAX:
        raise WrongField("limit", f"in JSON it is at most {BULK_LIMIT_MAX}: ask for fewer, or for CSV or Arrow")


def open_forms(csv_example: str, headers: Mapping[str, Any] = PAGE_HEADERS) -> dict[str, Any]:
    """What OpenAPI says of an answer that has all three forms, beside its JSON."""
    return {
        "description": "In the form that Accept asks for; CSV and Arrow are sent while they are read, and an answer "
        "that ends without its last chunk is not whole",
        "content": {
            CSV: {"schema": {"type": "string"}, "example": csv_example},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        },
        "headers": dict(headers),
    }


def answer_tables(form: str, tables: Iterable["pa.Table"], schema: "pa.Schema", name: str) -> Response:
    """A CSV or Arrow answer, sent table by table; the first one is read before, so that its errors have a status."""
    from app.api.tables import arrow_parts, csv_parts

    parts = (csv_parts if form == CSV else arrow_parts)(_begun(tables), schema)
    answer = Response(parts, content_type=f"{form}; charset=utf-8" if form == CSV else form)
    # On Windows what stands before the first dot decides whether a name is a device's.
    answer.headers["Content-Disposition"] = f'attachment; filename="{name.replace(".", "-")}.{_SUFFIXES[form]}"'
    return answer


def link_next(answer: Response, cursor: str | None) -> Response:
    """Tell in the headers where the answer goes on, if it does."""
    if cursor is not None:
        answer.headers[NEXT_HEADER] = cursor
        _link(answer, "next", ("symbol", "timeframe", "columns", "limit"), cursor=cursor)
    return answer


def link_previous(answer: Response, end: str | None, source: str | None) -> Response:
    """Tell in the headers where the last bars before those of the answer end, if there are any, and whose they are."""
    if end is not None:
        answer.headers[PREVIOUS_HEADER] = end
        _link(answer, "prev", ("symbol", "timeframe", "last", "at"), source=source, end=end)
    return answer


def _link(answer: Response, relation: str, names: Collection[str], **more: str | None) -> None:
    kept = {name: value for name, value in request.args.items() if name in names}
    told = {name: value for name, value in more.items() if value is not None}
    answer.headers["Link"] = _address(relation, {**kept, **told})


def _address(relation: str, query: Mapping[str, str]) -> str:
    return f'<{request.path}?{urlencode(query)}>; rel="{relation}"'


def _begun(tables: Iterable["pa.Table"]) -> Iterator["pa.Table"]:
    rest = iter(tables)
    return chain([table for table in [next(rest, None)] if table is not None], rest)
