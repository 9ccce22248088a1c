"""What is sent when a job at work has given way to urgent ones."""

import logging
from typing import Final

from sqlalchemy.exc import DBAPIError

from app.errors import Unavailable
from app.jobs.urgency import waiting_urgent_jobs
from app.stores import Stores

log = logging.getLogger(__name__)

_MOST_SENT: Final = 20


def send_those_that_wait(stores: Stores, job_id: int) -> None:
    """Send the urgent jobs that wait, and after them the one that gave way; what cannot be sent now the tick sends."""
    log.info("job %d gives way to urgent ones, and waits again", job_id)
    try:
        # The message of an urgent one may be lost; without it this job would be taken up and put down again and again.
        with stores.sessions() as session:
            urgent = waiting_urgent_jobs(session, _MOST_SENT)
        for number in urgent:
            stores.dispatch.run_job(number, urgent=True)
        stores.dispatch.run_job(job_id)
    except (DBAPIError, Unavailable) as error:
        log.warning("job %d and the urgent ones are sent later: %s", job_id, str(error).partition("\n")[0])
