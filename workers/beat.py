"""Beat's schedule, also after the clock was put back."""

from typing import Any

from celery.beat import PersistentScheduler


class SteadyScheduler(PersistentScheduler):
    """Celery's own, which after a clock was put back says nothing until that has caught up, also when it is started
    again: an hour of opens and closes that nobody sees to."""

    def tick(self, *args: Any, **options: Any) -> float:
        """Send what is due, one message at a time; returns for how many seconds to wait."""
        for entry in self.schedule.values():
            now = self.app.now()
            if entry.last_run_at and entry.last_run_at > now:
                entry.last_run_at, self._heap = now, None
        wait_s: float = super().tick(*args, **options)
        return wait_s
