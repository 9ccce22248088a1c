"""Celery's configuration, whole; each odd value has its reason. The broker's address is set by workers.celery_app."""

from kombu import Queue

from app.dispatch import QUEUES
from workers.queues import ORDINARY, ROUTES, URGENT

task_queues = [Queue(name) for name in QUEUES]
task_default_queue = "export"
task_create_missing_queues = False  # A task on a queue that nobody consumes must fail loudly.
task_routes = ROUTES
task_default_priority = ORDINARY  # What says nothing is the most urgent of all to Redis.

accept_content = ["json"]
task_serializer = result_serializer = event_serializer = "json"
task_ignore_result = True  # Rows in PostgreSQL are the truth; a result in Redis would be a second one.
timezone = "UTC"
enable_utc = True

task_acks_late = True  # A killed worker's task runs again; collectors and ingest turn this off for themselves.
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 1
task_track_started = True
# Longer than any late-acknowledged task may run (task_time_limit), else a second copy starts beside the first.
broker_transport_options = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # A worker whose link was cut waits on a dead connection: for 11 s then, and not for 51 and more.
    "health_check_interval": 5,
    "priority_steps": [URGENT, ORDINARY],  # The usual four are lists that nothing is ever put into.
}
result_backend_transport_options = {"visibility_timeout": 3600}
task_soft_time_limit = 1500
task_time_limit = 1800

broker_connection_retry_on_startup = True
broker_connection_max_retries = None  # Redis may be away for longer than a hundred tries.
worker_cancel_long_running_tasks_on_connection_loss = False  # Ingest outlives a lost broker connection on purpose.
worker_soft_shutdown_timeout = 5.0
worker_enable_soft_shutdown_on_idle = True
worker_max_memory_per_child = 1_500_000  # KiB; a leak ends with the child, not with the machine.
worker_send_task_events = True  # Flower shows them, but for what comes by itself: that is most, and it would keep it.
task_annotations = {
    name: {"send_events": False} for name in ("control.market_tick", *(f"{queue}.probe" for queue in QUEUES))
}
worker_hijack_root_logger = False  # app.logs gives every process the same lines.
worker_redirect_stdouts = False

beat_schedule = {
    "market-tick": {"task": "control.market_tick", "schedule": 15.0, "options": {"expires": 14, "priority": ORDINARY}},
}
beat_scheduler = "workers.beat:SteadyScheduler"
beat_max_loop_interval = 5
