"""The calendar's rules for whole arrays of instants at once. Loads numpy."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.errors import Rejected
from app.market.sessions import Status
from app.market.timetable import Timetable, instant_of

Instants = npt.NDArray[np.datetime64] | npt.NDArray[np.int64]
_STATUSES: Final = np.array([status.value for status in Status])
_CODES: Final = {status: code for code, status in enumerate(Status)}


class Vectors:
    """Answers for arrays of instants: `datetime64` in any unit, UTC, or integers of microseconds since 1970 UTC.

    Each method gives an array of the same shape. Rejected when an instant is missing or outside of the timetable.
    """

    def __init__(self, table: Timetable) -> None:
        self.table = table
        self._days = np.array(table.days, dtype="datetime64[D]")
        self._rolls = np.array(table.rolls, dtype=np.int64)
        self._edges = np.array(table.edges, dtype=np.int64)
        self._codes = np.array([_CODES[state] for state in table.states], dtype=np.int8)

    def session_of(self, instants: Instants) -> npt.NDArray[np.datetime64]:
        """The trading days, `datetime64[D]`."""
        return self._days[np.searchsorted(self._rolls, self._micros(instants), side="right")]

    def status_at(self, instants: Instants) -> npt.NDArray[np.str_]:
        """The statuses, as text."""
        return _STATUSES[self._codes[self._edge_after(instants) - 1]]

    def is_open(self, instants: Instants) -> npt.NDArray[np.bool_]:
        """Whether a session runs."""
        is_open: npt.NDArray[np.bool_] = self._codes[self._edge_after(instants) - 1] == _CODES[Status.OPEN]
        return is_open

    def next_transition(self, instants: Instants) -> npt.NDArray[np.datetime64]:
        """The first changes of status strictly after the instants, `datetime64[us]`, UTC."""
        return self._edges[self._edge_after(instants)].astype("datetime64[us]")

    def _edge_after(self, instants: Instants) -> npt.NDArray[np.intp]:
        return np.searchsorted(self._edges, self._micros(instants), side="right")

    def _micros(self, instants: Instants) -> npt.NDArray[np.int64]:
        given: npt.NDArray[Any] = np.asarray(instants)
        if given.dtype.kind == "M":
            if np.isnat(given).any():
                raise Rejected("an instant is missing: leave the empty ones out")
            # Rounds down, also before 1970: an instant belongs to the microsecond that it lies in.
            given = given.astype("datetime64[us]").astype(np.int64)
        if given.dtype.kind not in "iu":
            raise Rejected(f"instants are datetime64 or whole microseconds, not {given.dtype}")
        if given.size and (given.min() < self.table.start_us or given.max() >= self.table.end_us):
            start, end = (instant_of(micros).date() for micros in (self.table.start_us, self.table.end_us))
            raise Rejected(f"an instant is outside of the calendar, {start} to {end}")
        return given
