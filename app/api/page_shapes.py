"""The pages of lists: how many rows an answer holds, and where the next one goes on."""

import re
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from app.api.query import naming_field
from app.errors import Rejected

LIMIT: Final = 100
LIMIT_MAX: Final = 1000
# Ticks and bars: many small rows, that are read by programs.
BULK_LIMIT: Final = 1000
BULK_LIMIT_MAX: Final = 10_000
TABLE_LIMIT_MAX: Final = 100_000
_ID: Final = re.compile(r"[1-9][0-9]{0,18}")


def whole_number(largest: int) -> Callable[[str], int]:
    """Reads a whole number from 1 to `largest`; Rejected when the text is none."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= largest:
            raise Rejected(f"{text[:20]!r} is not a whole number from 1 to {largest}")
        return int(text)

    return read


def number_schema(largest: int, description: str, default: int | None = None) -> WithJsonSchema:
    """How the document shows a whole number from 1 to `largest`."""
    told = {"type": "integer", "minimum": 1, "maximum": largest}
    if default is not None:
        told["default"] = default
    return WithJsonSchema({**told, "description": description})


def _read_id(text: str) -> int:
    if not _ID.fullmatch(text) or int(text) >= 2**63:
        raise Rejected(f"{text[:20]!r} is no cursor: give the next_cursor of the page before")
    return int(text)


Limit = Annotated[
    int,
    naming_field(whole_number(LIMIT_MAX)),
    number_schema(LIMIT_MAX, "most rows of one page", LIMIT),
]
BulkLimit = Annotated[
    int,
    naming_field(whole_number(TABLE_LIMIT_MAX)),
    number_schema(
        TABLE_LIMIT_MAX,
        f"most rows of one page; in JSON at most {BULK_LIMIT_MAX}, and {BULK_LIMIT} when unset; "
        "CSV and Arrow hold all of the range when unset",
    ),
]
IdCursor = Annotated[
    int,
    naming_field(_read_id),
    WithJsonSchema({"type": "string", "description": "next_cursor of the page before, unchanged"}),
]
NextCursor = Annotated[str | None, Field(description="as `cursor` of the next page; null: this is the last one")]
