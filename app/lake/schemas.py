"""What the lake's files hold: columns, types and how each is packed."""

from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from app.lake.layout import BARS, TICKS

PRICE: Final = pa.decimal128(18, 9)
INSTANT: Final = pa.timestamp("us", "UTC")
# A plain string column would clash with the `symbol` that pandas and pyarrow read from the folder's name.
NAME: Final = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class FileSchema:
    """A kind of file: its columns, the time and number by which its rows are described, and the order they are in.

    Columns in `deltas` are stored as differences, which suits times and counters; all others as dictionaries, which
    suits prices, sizes and names, and falls back to plain values by itself.
    """

    kind: str
    columns: pa.Schema
    time_column: str
    sorted_by: tuple[str, ...]
    seq_column: str | None = None
    deltas: frozenset[str] = field(default_factory=frozenset)

    @property
    def dictionaries(self) -> list[str]:
        """The columns that are stored as dictionaries."""
        return [
            column.name
            for column in self.columns
            if column.name not in self.deltas and not pa.types.is_boolean(column.type)
        ]


TICK_FILE: Final = FileSchema(
    kind=TICKS,
    columns=pa.schema(
        [
            pa.field("symbol", NAME, nullable=False),
            pa.field("source", NAME, nullable=False),
            pa.field("seq", pa.int64(), nullable=False),
            pa.field("ts", INSTANT, nullable=False),
            pa.field("recv_ts", INSTANT, nullable=False),
            pa.field("session_date", pa.date32(), nullable=False),
            pa.field("contract", NAME),
            pa.field("ts_origin", NAME, nullable=False),
            *((name, PRICE) for name in ("last", "bid", "ask", "open", "high", "low", "close", "change")),
            *((name, pa.int64()) for name in ("last_size", "bid_size", "ask_size", "volume")),
            pa.field("trade", pa.bool_(), nullable=False),
            pa.field("delayed", pa.bool_(), nullable=False),
            pa.field("created_at", INSTANT, nullable=False),
        ]
    ),
    time_column="ts",
    sorted_by=("ts", "seq", "source"),
    seq_column="seq",
    deltas=frozenset({"seq", "ts", "recv_ts", "volume", "created_at"}),
)

BAR_FILE: Final = FileSchema(
    kind=BARS,
    columns=pa.schema(
        [
            pa.field("symbol", NAME, nullable=False),
            pa.field("source", NAME, nullable=False),
            pa.field("session_date", pa.date32(), nullable=False),
            pa.field("t_open", INSTANT, nullable=False),
            pa.field("t_close", INSTANT, nullable=False),
            *(pa.field(name, PRICE, nullable=False) for name in ("open", "high", "low", "close")),
            ("volume", pa.int64()),
            pa.field("tick_count", pa.int64(), nullable=False),
        ]
    ),
    time_column="t_open",
    sorted_by=("t_open", "source"),
    deltas=frozenset({"t_open", "t_close", "tick_count"}),
)
FILES: Final = {TICKS: TICK_FILE, BARS: BAR_FILE}
