"""Tables in the columns of a tick file to measure packing with: recordings by trading day, and simulated sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from app.collectors.recordings import open_recording
from app.collectors.simulator import session_quotes
from app.lake.schemas import TICK_FILE
from app.market.markets import market
from benchmarks.quotes import DAY

EPOCH_32 = 7 << 32
BATCH = 1000


@dataclass(frozen=True)
class TickTable:
    """One symbol's ticks of a trading day in the order of a tick file; `recorded` are the columns of its source."""

    name: str
    ticks: pa.Table
    recorded: tuple[str, ...]


def recorded_days(path: Path) -> Iterator[TickTable]:
    """The trading days of a recording, Parquet or CSV, each symbol for itself.

    What a recording lacks is filled in as a live feed would have it: receipt a few milliseconds after the event with a
    long tail, storage in batches of 1,000, sequence numbers with an epoch.
    """
    whole = pa.Table.from_batches(open_recording(path, datetime.now(UTC)).batches())
    days = np.array([str(market().session_of(ts)) for ts in whole["ts"].to_pylist()])
    symbols = np.array(whole["symbol"].to_pylist())
    for symbol in np.unique(symbols):
        for day in np.unique(days[symbols == symbol]):
            part = whole.filter(pa.array((days == day) & (symbols == symbol)))
            ticks = _completed(part.sort_by([("ts", "ascending"), ("seq", "ascending")]), date.fromisoformat(str(day)))
            yield TickTable(f"{symbol} {day}, recorded", ticks, tuple(whole.schema.names))


def simulated_day(ticks: int) -> TickTable:
    """A simulated session of ES, which shares its sequence numbers with NQ as a live feed of two symbols does."""
    quotes = [quote for quote in session_quotes(market().session(DAY), ["ES", "NQ"], 7, ticks) if quote.symbol == "ES"]
    names = [name for name in quotes[0]._fields if name in TICK_FILE.columns.names and name != "recv_ts"]
    kinds = {name: _plain(TICK_FILE.columns.field(name).type) for name in names}
    columns = {name: pa.array([getattr(quote, name) for quote in quotes], kinds[name]) for name in names}
    return TickTable(f"ES {DAY}, simulated", _completed(pa.table(columns), DAY), tuple(names))


def csv_bytes(table: TickTable, columns: tuple[str, ...]) -> int:
    """How large these columns are as CSV, with numbers as short as they can be written."""
    kept = table.ticks.select([name for name in columns if name in table.ticks.column_names])
    texts = {name: _text(kept[name]) for name in kept.column_names}
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.table(texts), sink, pyarrow.csv.WriteOptions(quoting_style="none"))
    return int(sink.getvalue().size)


def _completed(part: pa.Table, day: date) -> pa.Table:
    times = part["ts"].combine_chunks().cast(pa.int64()).to_numpy()
    received = times + np.random.default_rng(3).lognormal(7.5, 0.6, len(times)).astype(np.int64)
    last_of_batch = np.minimum(np.arange(len(times)) // BATCH * BATCH + BATCH, len(times)) - 1
    known = {
        "source": "REPLAY",
        "seq": pc.add(part["seq"], EPOCH_32),
        "recv_ts": pa.array(received),
        "session_date": pa.scalar(day),
        "ts_origin": "exchange",
        "trade": pc.is_valid(part["last_size"]),
        "delayed": False,
        "created_at": pa.array(received[last_of_batch] + 20_000),
    }
    columns = []
    for field in TICK_FILE.columns:
        found = part[field.name] if field.name in part.column_names and field.name != "seq" else known.get(field.name)
        if found is None:
            found = pa.nulls(part.num_rows, _plain(field.type))
        elif not isinstance(found, pa.Array | pa.ChunkedArray):
            found = pa.repeat(found if isinstance(found, pa.Scalar) else pa.scalar(found), part.num_rows)
        columns.append(found.cast(field.type))
    return pa.Table.from_arrays(columns, schema=TICK_FILE.columns)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        return pc.utf8_rtrim(pc.utf8_rtrim(column.cast(pa.string()), "0"), ".")
    return column.cast(_plain(column.type))
