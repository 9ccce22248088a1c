"""Hours in which only what is critical is sent."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final, Self

from app.errors import Rejected

_FORM: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class QuietHours:
    """From `begin` until before `end`, by the clocks of a zone; across midnight where the end is not after it."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Quiet hours of the form 22:00-05:00; Rejected when they are not, or have no length."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise Rejected("must look like 22:00-05:00, in hours and minutes of a day")
        begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
        if begin == end:
            raise Rejected("must begin and end at different times: unset it for no quiet hours")
        return cls(begin, end)

    def over_at(self, now: datetime, zone: tzinfo) -> datetime | None:
        """The end of the quiet hours that `now` is in, in the zone of `now`; None when it is in none.

        What the clocks of `zone` show counts, also in a night in which they change: an hour that comes twice is quiet
        twice, and an end that the clocks leave out comes as much later as they go forward.
        """
        here = now.astimezone(zone)
        if not self._holds(here.time()):
            return None
        day = here.date() + timedelta(days=int(here.time() >= self.end))
        ends = [datetime.combine(day, self.end, zone).replace(fold=fold).astimezone(now.tzinfo) for fold in (0, 1)]
        return min(end for end in ends if end > now and not self._holds(end.astimezone(zone).time()))

    def _holds(self, shown: time) -> bool:
        if self.begin < self.end:
            return self.begin <= shown < self.end
        return shown >= self.begin or shown < self.end
