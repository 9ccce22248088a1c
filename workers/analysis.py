"""The analysis queue: jobs that were asked for."""

from celery.signals import worker_process_init

from app.jobs.running import run_job as run
from workers.celery_app import celery, end_child, lower, runtime, show_life, worker_name

worker_process_init.connect(lower)


@celery.task(name="analysis.run_job")
def run_job(job_id: int) -> None:
    """Work on an analysis that was asked for, unless somebody does or it is finished."""
    rt = runtime()
    run(rt, job_id, rt.run_limits, worker=worker_name(), cache=rt.analysis_cache, end_process=end_child)


@celery.task(name="analysis.probe")
def probe() -> None:
    """Show that this queue is consumed."""
    show_life("analysis")
