"""What the application asks of its workers, in its own words; the task queue implements it."""

from datetime import date
from typing import Final, Protocol

QUEUES: Final = ("collectors", "ingest", "export", "analysis", "control")
PRIORITIES: Final = (0, 9)  # What is urgent, and all else: the lower number goes first.


class Dispatch(Protocol):
    """Hands work to the queues; each call returns at once and raises Unavailable when the queue cannot be reached."""

    def start_collector(self, source: str) -> None:
        """Run the collector of `source` unless it runs already."""

    def start_ingest(self, slot: int) -> None:
        """Run the ingestor number `slot`, from 1 on, unless it runs already."""

    def export_session(self, market: str, day: date) -> None:
        """Write the ticks and bars of a market's symbols on a trading day to the lake."""

    def close_session(self, market: str, day: date) -> None:
        """Drain, balance, export and certify a session that is over."""

    def apply_retention(self, market: str) -> None:
        """Drop the ticks of days past the retention whose files are verified."""

    def push_lake(self) -> None:
        """Bring files of the lake to the bucket that it lacks."""

    def prepare_stage(self, market: str, day: date, stage: str) -> None:
        """Prepare the data of a stage before the open, and ask for its analyses; before other exports."""

    def run_job(self, job_id: int, *, urgent: bool = False) -> None:
        """Work on an analysis that was asked for, unless somebody does or it is finished; an urgent one before
        others."""

    def deliver_alerts(self) -> None:
        """Send the messages about alerts that are due."""

    def reconcile(self) -> None:
        """Balance what was published against what became of it."""

    def probe(self, queue: str) -> None:
        """Ask a queue's worker for a sign of life."""
