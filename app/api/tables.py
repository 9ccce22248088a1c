"""Tables as bytes for clients: rows for JSON, CSV text, Arrow streams. Loads Arrow: import it where one is answered."""

import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

# A spreadsheet takes a text that begins with one of these for a formula.
_FORMULA: Final = "^[=+\\-@\t\r\n\x00]"
_MARKS: Final = '[",\r\n]'
_EXPONENT: Final = "E"


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Rows for JSON: prices and times as text, exact, everything else as it is."""
    return [dict(row) for row in as_text(table).to_pylist()]


def as_text(table: pa.Table) -> pa.Table:
    """The table with prices as plain decimal text without trailing zeros, and times as YYYY-MM-DDTHH:MM:SS.ffffffZ."""
    return pa.table([_texts(column) for column in table.columns], names=table.column_names)


def csv_parts(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    """A CSV text with a header, table by table; a null is an empty cell, and no cell of text is a formula.

    All tables must be of the schema. Numbers are the ones of `as_text`, negative ones too.
    """
    yield (",".join(schema.names) + "\n").encode()
    for table in tables:
        names = [pa.types.is_string(field.type) for field in schema]
        shown = as_text(table)
        columns = [_harmless(c) if is_name else c for c, is_name in zip(shown.columns, names, strict=True)]
        # Arrow would put every text in quotes, prices too, or none.
        style = "needed" if any(_has_marks(c) for c, is_name in zip(columns, names, strict=True) if is_name) else "none"
        sink = io.BytesIO()
        options = csv.WriteOptions(include_header=False, quoting_style=style)
        csv.write_csv(pa.table(columns, names=schema.names), sink, options)
        yield sink.getvalue()


def arrow_parts(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[bytes]:
    """An Arrow IPC stream, table by table, all of the schema; it has its end mark only when the last one was sent."""
    sink = io.BytesIO()
    writer = pa.ipc.new_stream(sink, schema)
    for table in tables:
        writer.write_table(table.cast(schema))
        yield _taken(sink)
    writer.close()
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    part = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return part


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        return _decimals(column)
    if pa.types.is_timestamp(column.type):
        return pc.replace_substring(column.cast(pa.string()), " ", "T")
    if pa.types.is_date(column.type):
        return column.cast(pa.string())
    return column


def _decimals(column: pa.ChunkedArray) -> pa.ChunkedArray:
    plain = pc.utf8_rtrim(pc.utf8_rtrim(column.cast(pa.string()), "0"), ".")
    # Arrow writes what is tiny, and 0, with an exponent.
    odd = pc.fill_null(pc.match_substring(column.cast(pa.string()), _EXPONENT), False)
    if not pc.any(odd, min_count=0).as_py():
        return plain
    mended = [format(value.normalize(), "f") for value in column.filter(odd).to_pylist()]
    return pc.replace_with_mask(plain.combine_chunks(), odd.combine_chunks(), pa.array(mended, pa.string()))


def _has_marks(column: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(column, _MARKS), min_count=0).as_py())


def _harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    risky = pc.match_substring_regex(column, _FORMULA)
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)
