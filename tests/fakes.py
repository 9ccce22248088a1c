"""Stand-ins for what tests must hold in their hands: time, and the way to the workers."""

from datetime import date, datetime, timedelta

METALS = "CME_Energy_Metals"
LABOR_DAY = date(2025, 9, 1)
JOBS_GOOD_FRIDAY = date(2026, 4, 3)


class FixedClock:
    """A clock that stands until it is told to go on."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """The instant at which it stands."""
        return self._now

    def advance(self, by: timedelta) -> None:
        """Go on by a span of time."""
        self._now += by


class RecordingDispatch:
    """Keeps what it was asked to send to the queues, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[object, ...]] = []

    def start_collector(self, source: str) -> None:
        """Keep the wish."""
        self.sent.append(("start_collector", source))

    def start_ingest(self, slot: int) -> None:
        """Keep the wish."""
        self.sent.append(("start_ingest", slot))

    def export_session(self, market: str, day: date) -> None:
        """Keep the wish."""
        self.sent.append(("export_session", market, day))

    def push_lake(self) -> None:
        """Keep the wish."""
        self.sent.append(("push_lake",))

    def close_session(self, market: str, day: date) -> None:
        """Keep the wish."""
        self.sent.append(("close_session", market, day))

    def apply_retention(self, market: str) -> None:
        """Keep the wish."""
        self.sent.append(("apply_retention", market))

    def prepare_stage(self, market: str, day: date, stage: str) -> None:
        """Keep the wish."""
        self.sent.append(("prepare_stage", market, day, stage))

    def run_job(self, job_id: int, *, urgent: bool = False) -> None:
        """Keep the wish."""
        self.sent.append(("run_job", job_id, *(("urgent",) if urgent else ())))

    def deliver_alerts(self) -> None:
        """Keep the wish."""
        self.sent.append(("deliver_alerts",))

    def reconcile(self) -> None:
        """Keep the wish."""
        self.sent.append(("reconcile",))

    def probe(self, queue: str) -> None:
        """Keep the wish."""
        self.sent.append(("probe", queue))
