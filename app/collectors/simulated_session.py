"""One symbol's simulated session as a strip of events."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from app.collectors.simulation import (
    MODELS,
    Floats,
    Ints,
    activity_at,
    closing_price,
    draw_book,
    session_path,
    source_of_chance,
)
from app.collectors.tape import Prices, Strip, Tape
from app.instruments.catalogue import CATALOGUE
from app.market.sessions import Session
from app.market.timetable import micros_of

CHICAGO: Final = ZoneInfo("America/Chicago")
_MINUTE_US: Final = 60_000_000


def session_strip(session: Session, before: date | None, symbol: str, seed: int, count: int) -> Strip:
    """Draw `count` events of the session, at least one; the first price is near the last one of the day `before`.

    The last event is a trade at the day's closing price, which is where the next session starts from.
    """
    model, tick = MODELS[symbol], CATALOGUE[symbol].tick_size
    start = closing_price(model, seed, before) if before else model.base
    final = round(closing_price(model, seed, session.day) / float(tick))
    generator = source_of_chance(seed, "ticks", symbol, session.day.toordinal())
    progress = np.sort(generator.random(count))
    offsets, activity = _paced(session, progress)
    mid = session_path(model, seed, session.day, start, progress) / float(tick)
    book = draw_book(generator, model, mid, activity)
    book.trade[:2] = (False, True)[:count]
    book.trade[-1] = True
    book.bid[-1], book.ask[-1], book.paid[-1] = final, final + 1, final
    tape = Tape(close=round(start / float(tick)))
    close = tape.close
    return Strip(symbol, session.day, Prices(tick), close, micros_of(session.open) + offsets, tape.record(book))


def _paced(session: Session, progress: Floats) -> tuple[Ints, Floats]:
    length = micros_of(session.close) - micros_of(session.open)
    edges = np.append(np.arange(0.0, length, _MINUTE_US), length)
    local = session.open.astimezone(CHICAGO)
    opening = local.hour + local.minute / 60
    pace = activity_at((opening + (edges[:-1] + edges[1:]) / 7.2e9) % 24)
    done = np.concatenate(([0.0], np.cumsum(pace * np.diff(edges))))
    offsets = np.interp(progress, done / done[-1], edges)
    activity = activity_at((opening + offsets / 3.6e9) % 24)
    return np.minimum(offsets.astype(np.int64), length - 1), activity
