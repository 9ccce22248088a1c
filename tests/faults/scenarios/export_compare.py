"""Every cell of PostgreSQL's ticks held against the lake's: as whole numbers and text, never as floating point."""

import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from sqlalchemy.orm import Session, sessionmaker

from app.export.ticks import export_day
from app.lake.layout import Lake
from app.lake.schemas import PRICE, TICK_FILE
from tests.faults.harness.filling import DAY, LATER, fill_day
from tests.faults.harness.world import world
from tests.faults.scenario import Outcome, Scenario, Trial

SYMBOLS = ("ES", "NQ")
BILLION = 1_000_000_000
COLUMNS = TICK_FILE.columns.names


def play(trial: Trial) -> Outcome:
    """Export a day with every kind of value, and compare."""
    rows = trial.pick(40_000, 1_000_000)
    with world(trial) as own:
        for symbol in SYMBOLS:
            fill_day(own.sessions, symbol, rows // len(SYMBOLS))
        trial.say(f"{rows:,} ticks stored")
        began = time.monotonic()
        export_day(own.sessions, own.stores.lake, DAY, LATER)
        took_s = time.monotonic() - began
        trial.say("exported, comparing")
        compared = different = 0
        for symbol in SYMBOLS:
            cells, wrong = compare(own.sessions, own.stores.lake, symbol)
            compared, different = compared + cells, different + len(wrong)
    complaints = [f"{different:,} cells differ, such as {wrong[:3]}"] if different else []
    if compared != rows * len(COLUMNS):
        complaints.append(f"{compared:,} cells were compared, not {rows * len(COLUMNS):,}")
    return Outcome({"rows": rows, "cells": compared, "different": different, "export s": round(took_s, 1)}, complaints)


def compare(sessions: sessionmaker[Session], lake: Lake, symbol: str) -> tuple[int, list[str]]:
    """How many cells of a symbol's day were held against each other, and those that differ."""
    stored = _stored(sessions, symbol)
    written = _written(lake.ticks_file(DAY, symbol))
    if stored.num_rows != written.num_rows:
        return 0, [f"{stored.num_rows:,} rows are stored and {written.num_rows:,} in the file"]
    return stored.num_rows * len(COLUMNS), list(_differences(stored, written))


def _differences(stored: pa.Table, written: pa.Table) -> Iterator[str]:
    for name in COLUMNS:
        ours, theirs = stored[name].combine_chunks(), written[name].combine_chunks()
        same = pc.or_(pc.and_(pc.is_null(ours), pc.is_null(theirs)), pc.fill_null(pc.equal(ours, theirs), False))
        for row in np.flatnonzero(~same.to_numpy(zero_copy_only=False)):
            yield f"{name} of row {row}: {ours[int(row)]} stored, {theirs[int(row)]} in the file"


def _stored(sessions: sessionmaker[Session], symbol: str) -> pa.Table:
    cells = ", ".join(_exact(field) for field in TICK_FILE.columns)
    statement = f"""COPY (SELECT {cells} FROM ticks WHERE session_date = '{DAY}' AND symbol = '{symbol}'
        ORDER BY ticks.ts, ticks.seq, ticks.source) TO STDOUT (FORMAT csv, NULL '')"""
    buffer = io.BytesIO()
    with sessions() as session:
        session.connection().connection.cursor().copy_expert(statement, buffer)
    buffer.seek(0)
    kinds = {field.name: _kind(field) for field in TICK_FILE.columns}
    options = pa_csv.ConvertOptions(column_types=kinds, strings_can_be_null=True, null_values=[""])
    return pa_csv.read_csv(buffer, pa_csv.ReadOptions(column_names=COLUMNS), convert_options=options)


def _exact(field: pa.Field) -> str:
    if field.type == PRICE:
        return f"({field.name} * {BILLION})::bigint"
    if pa.types.is_timestamp(field.type):
        return f"(extract(epoch FROM {field.name}) * 1000000)::bigint"
    return f"{field.name}::text"


def _kind(field: pa.Field) -> pa.DataType:
    return pa.int64() if field.type == PRICE or pa.types.is_timestamp(field.type) else pa.string()


def _written(path: Path) -> pa.Table:
    table = pq.ParquetFile(path, page_checksum_verification=True).read()
    return pa.table({field.name: _plain(field, table[field.name].combine_chunks()) for field in TICK_FILE.columns})


def _plain(field: pa.Field, column: pa.Array) -> pa.Array:
    if field.type == PRICE:
        # The lower half of a decimal's 16 bytes is its number of billionths, as long as that has 18 digits.
        halves = np.frombuffer(column.buffers()[1], np.int64)[2 * column.offset :: 2][: len(column)]
        return pa.array(halves, mask=column.is_null().to_numpy(zero_copy_only=False))
    if pa.types.is_timestamp(field.type):
        return column.cast(pa.int64())
    if pa.types.is_dictionary(field.type):
        return column.dictionary_decode()
    return column.cast(pa.string())


EXPORT_COMPARE = Scenario("export-compare", play, limit_s=300)
