"""GET /metrics on real stores, and on stores that are away."""

import os
import socket
import time
from datetime import UTC, datetime

import pytest

from app.api.metric_families import FAMILIES
from app.bus import keys
from app.bus.connection import connect, with_database
from app.bus.hashes import write_hash
from app.bus.keys import BROKER_DB
from app.bus.leases import acquire
from app.collectors.crashes import count_crash
from app.dispatch import QUEUES
from app.factory import create_app
from app.jobs.service import STATUSES
from app.local.ports import free_port
from app.metrics.families import COUNTED
from app.operations.silence import note_restart
from app.settings import load_settings
from tests.counting import counting_afresh, read_text
from tests.factories import quotes, words
from tests.fakes import RecordingDispatch
from tests.ingesting import add, drain, ingestor, publisher, running
from tests.private_servers import private_valkey

__all__ = ["add", "drain", "ingestor", "publisher", "running"]


def test_every_metric_of_a_pipeline_at_work_is_told(client, publisher, add, drain, running, runner):
    publisher.publish([*quotes(5), *quotes(2)])
    add(words(last="x"))
    drain()
    runner.invoke(args=["reconcile"])
    client.post("/api/jobs", json={"symbols": ["ES"]})
    with running("one"):
        answer = client.get("/metrics")

    assert (answer.status_code, answer.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    told = read_text(answer.text)
    shown = {name for name, _labels in told}
    # Of a source that a collector sees to, of two that differ, of predictions that were scored, and of an open; and
    # what is known of days, buckets, sessions and messages that there are none of.
    of_others = ("thor_source_", "thor_prediction_", "thor_premarket_")
    of_others += ("thor_lake_", "thor_bucket_", "thor_market_event", "thor_certificate", "thor_alert_deliveries")
    live = {family.name for family in FAMILIES if family.name.startswith(of_others)}
    assert {family.name for family in FAMILIES} - shown <= live | {"thor_ingest_progress_age_seconds"}
    assert told["thor_up", ("redis",)] == told["thor_up", ("postgres",)] == 1
    assert told["thor_ledger_published_total", ()] == 7
    assert told["thor_ledger_stored_events", ()] == 5
    assert told["thor_ledger_duplicates_total", ()] == 2
    assert told["thor_dead_letters", ("open",)] == 1
    assert told["thor_ledger_lost_events", ("unexplained",)] == 0
    assert told["thor_gaps", ("sequence", "open")] == 0
    assert told["thor_stream_entries", ()] == 8
    assert [told["thor_jobs", (status,)] for status in STATUSES] == [1, 0, 0, 0, 0]
    assert 0 <= told["thor_jobs_oldest_pending_seconds", ()] < 60


def test_how_a_source_is_collected_is_told(client, bus):
    now_ms = int(time.time() * 1000)
    acquire(bus, keys.lease("EXCEL"), keys.epoch("EXCEL"))
    write_hash(bus, keys.health("EXCEL"), {"rate": "3.5", "reconnects": 4, "event_ms": now_ms, "data_ms": now_ms})
    count_crash(bus, "SCHWAB", 1, "no login", datetime.now(UTC))
    write_hash(bus, keys.desired("SCHWAB"), {"wanted": "1"})
    note_restart(bus, "SCHWAB", datetime.now(UTC))

    told = read_text(client.get("/metrics").text)

    assert told["thor_source_quotes_per_second", ("EXCEL",)] == 3.5
    assert told["thor_source_reconnects_total", ("EXCEL",)] == 4
    assert 0 <= told["thor_source_change_age_seconds", ("EXCEL",)] < 60
    assert 0 <= told["thor_source_data_age_seconds", ("EXCEL",)] < 60
    assert [told["thor_source_held", (source,)] for source in ("EXCEL", "SCHWAB")] == [1, 0]
    assert [told["thor_source_failed_starts", (source,)] for source in ("EXCEL", "SCHWAB")] == [0, 1]
    assert told["thor_source_silence_restarts", ("SCHWAB",)] == 1


def test_scrapes_one_after_another_do_not_add_up(client):
    first, second = (read_text(client.get("/metrics").text) for _ in range(2))

    # What is counted goes on, and time does.
    moving = ("thor_http_", "thor_process", "thor_sse_")
    assert known(first, moving) == known(second, moving)
    assert {name for name, _labels in first} >= {"thor_up", "thor_queue_messages", "thor_stream_entries"}


@pytest.mark.parametrize(("away", "there"), [("redis", "postgres"), ("postgres", "redis")])
def test_what_is_known_is_told_while_a_server_is_away(settings, bus, sessions, away, there):
    nowhere = {"redis": "redis://127.0.0.1:{}/0", "postgres": "postgresql://u:p@127.0.0.1:{}/d"}[away].format(
        free_port()
    )
    name = {"redis": "redis_url", "postgres": "database_url"}
    urls = {name[away]: nowhere, name[there]: getattr(settings, name[there]).get_secret_value()}
    half = load_settings(_env_file=None, state_dir=settings.state_dir, **urls)

    answer = create_app(half, RecordingDispatch()).test_client().get("/metrics")

    told = read_text(answer.text)
    assert answer.status_code == 200
    assert (told["thor_up", (away,)], told["thor_up", (there,)]) == (0, 1)
    assert (("thor_ledger_published_total", ()) in told) == (there == "postgres")
    assert (("thor_stream_entries", ()) in told) == (there == "redis")


def test_a_server_that_accepts_and_never_answers_holds_nothing_up(settings, bus, sessions):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # Whoever waited for this server itself would wait longer than a test may last.
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0?socket_timeout=600"
        database_url = settings.database_url.get_secret_value()
        half = load_settings(_env_file=None, state_dir=settings.state_dir, redis_url=url, database_url=database_url)

        told = read_text(create_app(half, RecordingDispatch()).test_client().get("/metrics").text)

    assert (told["thor_up", ("redis",)], told["thor_up", ("postgres",)]) == (0, 1)


def test_nothing_is_known_without_any_server(tmp_path):
    answer = (
        create_app(load_settings(_env_file=None, state_dir=tmp_path), RecordingDispatch()).test_client().get("/metrics")
    )

    assert answer.status_code == 200
    counted = tuple(family.name for family in COUNTED)
    assert known(read_text(answer.text), counted) == {("thor_up", ("redis",)): 0, ("thor_up", ("postgres",)): 0}


def test_a_request_is_counted_by_its_route_and_never_by_what_a_client_wrote(client):
    with counting_afresh():
        client.get("/api/jobs/17")
        client.get("/api/jobs/18")
        client.get("/no/such/place")
        client.post("/api/watchlist")
        client.open("/api/quotes", method="BREW")
        told = read_text(client.get("/metrics").text)

    name = "thor_http_request_duration_seconds_count"
    counts = {labels: value for (shown, labels), value in told.items() if shown == name}
    assert counts == {
        ("GET", "/api/jobs/<int:job_id>", "4xx"): 2,
        ("GET", "unmatched", "4xx"): 1,
        ("POST", "unmatched", "4xx"): 1,
        ("other", "unmatched", "4xx"): 1,
    }
    # The scrape itself.
    assert told["thor_http_requests_in_progress", ()] == 1


def test_what_waits_in_the_queues_is_told_whatever_its_priority(settings, sessions, tmp_path):
    with private_valkey(tmp_path) as server:
        database_url = settings.database_url.get_secret_value()
        own = load_settings(_env_file=None, state_dir=tmp_path, redis_url=server.url, database_url=database_url)
        with connect(with_database(server.url, BROKER_DB)) as broker:
            broker.rpush("analysis", "urgent")
            broker.rpush("analysis\x06\x169", "one", "two")
        told = read_text(create_app(own, RecordingDispatch()).test_client().get("/metrics").text)

    name = "thor_queue_messages"
    waiting = {labels: value for (shown, labels), value in told.items() if shown == name}
    assert waiting == {(queue,): 3 if queue == "analysis" else 0 for queue in QUEUES}


def test_the_newest_backup_is_told_and_an_unfinished_one_is_not(client, settings):
    name = ("thor_backup_newest_timestamp_seconds", ())
    assert name not in read_text(client.get("/metrics").text)

    folder = settings.state_dir / "backups"
    folder.mkdir(parents=True)
    for place, word in enumerate(("2025-10-08", "2025-10-09", "2025-10-10.partial", ".2025-10-11")):
        (folder / word).mkdir()
        os.utime(folder / word, (1000 + place, 1000 + place))

    assert read_text(client.get("/metrics").text)[name] == 1001


def known(told, others):
    return {key: value for key, value in told.items() if not key[0].startswith(others)}
