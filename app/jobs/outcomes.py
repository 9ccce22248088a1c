"""The minutes by which predictions are judged, from wherever the ticks of their time are."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import pyarrow as pa
from sqlalchemy.orm import Session

from app.analysis.question import Parameters, Question
from app.errors import Rejected
from app.history.bar_range import BarRange
from app.history.bars import read_bars
from app.jobs.inputs import find_inputs
from app.jobs.models import Prediction
from app.lake.layout import TICKS
from app.lake.manifest import list_files
from app.stores import Stores

_DAY: Final = timedelta(days=1)
_MOMENT: Final = pa.timestamp("us", tz="UTC")
SCHEMA: Final = pa.schema(
    {"t_open": _MOMENT, "t_close": _MOMENT, "close": pa.float64(), "contract": pa.string()},
)


def minutes_of(
    session: Session, stores: Stores, row: Prediction, span: tuple[datetime, datetime], now: datetime
) -> pa.Table:
    """The minutes of a prediction's source that open in a span `[start, end)` and are known at `now`, in order.

    Those of a day whose file was put into the lake by hand, of which history knows nothing, are as analyses read them.
    The columns are `t_open`, `t_close` (UTC, microseconds), `close` and, where it is told, `contract`. Errors as of
    `read_bars` and `load_symbol`.
    """
    wanted = BarRange(row.symbol, "1m", *span, now)
    known = read_bars(session, stores.lake, stores.markets, wanted, source=row.source)
    known = known.append_column("contract", pa.nulls(known.num_rows, pa.string())).select(SCHEMA.names).cast(SCHEMA)
    return pa.concat_tables([known, _unrecorded(session, stores, row, span, now)]).sort_by("t_open")


def _unrecorded(
    session: Session, stores: Stores, row: Prediction, span: tuple[datetime, datetime], now: datetime
) -> pa.Table:
    market = stores.market_of(row.symbol)
    days = market.session_of(span[0]), market.session_of(span[1]) + _DAY
    recorded = {file.session_date for file in list_files(session, *days, TICKS, {row.symbol})}
    if all(file.day in recorded for file in stores.lake.ticks_files(*days, {row.symbol})):
        return SCHEMA.empty_table()
    question = Question(
        kind="prediction",
        symbols=(row.symbol,),
        start=days[0],
        end=days[1] - _DAY,
        parameters=Parameters.model_validate({}),
    )
    (found,) = find_inputs(session, stores, question, now)
    wanted = replace(found, files=tuple(file for file in found.files if file.sha256 is None))
    # Where files are recorded the numeric libraries need not be loaded.
    from app.analysis.data.loading import load_symbol

    try:
        minutes = load_symbol(stores.lake, wanted, now, row.source, threads=1).bars["1m"]
    except Rejected:
        return SCHEMA.empty_table()
    opened = minutes["t_open"].is_between(*span, closed="left")
    return minutes.filter(opened).select(SCHEMA.names).to_arrow().cast(SCHEMA)
