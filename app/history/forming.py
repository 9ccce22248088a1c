"""The bar that still runs: what it holds so far, and up to which event."""

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Newest:
    """How far the ticks of a source reach in a session: the newest one's `ts`, and the highest `seq`."""

    ts: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class FormingBar:
    """One row in the columns of a bar file whose `t_close` lies ahead, made of the ticks up to `through`."""

    bar: pa.Table
    through: Newest
