"""The ticks of a session, to be read more than once: in memory while they are few, else on the lake's drive."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from app.errors import Unavailable
from app.lake.claims import claimed
from app.lake.layout import Lake
from app.lake.packing import CODEC, LEVEL
from app.lake.schemas import TICK_FILE

MEMORY_ROWS: Final = 1_000_000
_GROUP_ROWS: Final = 65_536


@contextmanager
def set_aside(lake: Lake, tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.Table | Path]:
    """Ticks that come in their order, as one table; beyond MEMORY_ROWS as a Parquet file that is gone after the block.

    Raises what `tables` raises, and Unavailable when the lake's drive fails or is full.
    """
    rest = iter(tables)
    begun = list(_until(rest, MEMORY_ROWS))
    if sum(table.num_rows for table in begun) <= MEMORY_ROWS:
        yield pa.concat_tables([schema.empty_table(), *begun])
        return
    path = lake.staging / f"ticks@{uuid4().hex}.part"
    with ExitStack() as stack:
        with _explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(claimed(path))
            stack.callback(path.unlink, missing_ok=True)
            _write(path, chain(_drained(begun), rest), schema)
        yield path


def _until(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    for table in tables:
        yield table
        rows -= table.num_rows
        if rows < 0:
            return


def _drained(tables: list[pa.Table]) -> Iterator[pa.Table]:
    while tables:
        yield tables.pop(0)


def _write(path: Path, tables: Iterable[pa.Table], schema: pa.Schema) -> None:
    rest = iter(tables)
    with pq.ParquetWriter(path, schema, compression=CODEC, compression_level=LEVEL) as writer:
        while group := list(_until(rest, _GROUP_ROWS)):
            writer.write_table(pa.concat_tables(group))
        writer.add_key_value_metadata({"thor.sorted_by": ",".join(TICK_FILE.sorted_by)})


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"the ticks of a large session cannot be put on the lake's drive: {error.strerror or error}"
        ) from None
