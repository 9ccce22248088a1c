"""Time that runs as usual around the instants that matter to a trial and fast between them, in all its processes."""

import json
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

Piece = tuple[float, float, float]


class FastClock:
    """Reads a plan that `write_plan` has written, again whenever it is written anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, list[Piece]] = (0, [])

    def now(self) -> datetime:
        """The instant of the trial."""
        return self.at(time.time())

    def at(self, real_s: float) -> datetime:
        """The instant of the trial at a time of the machine, in seconds since 1970."""
        pieces = self._pieces()
        begun_s, instant_s, speed = pieces[_place(pieces, real_s)]
        return datetime.fromtimestamp(instant_s + (real_s - begun_s) * speed, UTC)

    def rushes_in_s(self, real_s: float) -> float:
        """For how many seconds more time runs as usual; 0 while it runs fast, and after the last of the instants."""
        pieces = self._pieces()
        place = _place(pieces, real_s)
        usual = pieces[place][2] == 1.0 and place + 1 < len(pieces)
        return pieces[place + 1][0] - real_s if usual else 0.0

    @property
    def over_s(self) -> float:
        """When the last of the instants has passed, in the machine's time."""
        return self._pieces()[-1][0]

    def _pieces(self) -> list[Piece]:
        written, pieces = self._path.stat().st_mtime_ns, self._read[1]
        if written != self._read[0]:
            pieces = [tuple(piece) for piece in json.loads(self._path.read_text())]
            self._read = (written, pieces)
        return pieces


def _place(pieces: Sequence[Piece], real_s: float) -> int:
    return max(0, bisect_right(pieces, (real_s, float("inf"), 0.0)) - 1)


def write_plan(
    path: Path, corners: Mapping[datetime, timedelta], begins_s: float, lead: timedelta, speed: float
) -> None:
    """Plan a clock that is `lead` before the first of the corners at `begins_s` of the machine's time.

    It runs as usual from `lead` before each corner until as long after it as `corners` says, and at `speed` from one to
    the next; after the last it goes on for three minutes at that speed.
    """
    real_s, pieces = begins_s, list[Piece]()
    spans = [((corner - lead).timestamp(), (corner + linger).timestamp()) for corner, linger in sorted(corners.items())]
    spans.append((spans[-1][1] + 180, 0.0))
    for (first_s, last_s), (next_s, _) in pairwise(spans):
        pieces += [(real_s, first_s, 1.0), (real_s + last_s - first_s, last_s, speed)]
        real_s += last_s - first_s + (next_s - last_s) / speed
    pieces.append((real_s, spans[-1][0], 1.0))
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(pieces))
    draft.replace(path)
