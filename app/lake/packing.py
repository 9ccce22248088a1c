"""How a file of the lake is packed; chosen by measurement with `python -m benchmarks.codecs`, see ADR 15."""

from typing import Any, Final

import pyarrow.parquet as pq

from app.lake.schemas import FileSchema

# A gold day of 50,000 trades still falls into two groups that a query can leave out; half as many rows cost size.
ROW_GROUP_ROWS: Final = 32_768
CODEC: Final = "zstd"
LEVEL: Final = 1


def packing(schema: FileSchema) -> dict[str, Any]:
    """The keyword arguments of a `ParquetWriter` for files of a schema: codec, encodings, order and page checksums."""
    return {
        "compression": CODEC,
        "compression_level": LEVEL,
        "use_dictionary": schema.dictionaries,
        "column_encoding": dict.fromkeys(schema.deltas, "DELTA_BINARY_PACKED"),
        "store_decimal_as_integer": True,
        "write_page_checksum": True,
        "sorting_columns": [pq.SortingColumn(schema.columns.names.index(name)) for name in schema.sorted_by],
    }
