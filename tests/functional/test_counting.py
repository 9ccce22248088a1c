"""What several processes count is one at /metrics, whichever of them answers."""

import contextlib
import os
import signal
import subprocess
import sys
import urllib.request

import psutil
import pytest

from app.bus import keys
from app.bus.leases import acquire
from app.bus.stream import QuotePublisher
from tests.counting import read_text
from tests.factories import quotes
from tests.functional.sse import SseClient
from tests.functional.web_server import serve
from tests.servers import ROOT
from tests.waiting import until

SESSION = ("thor_http_request_duration_seconds_count", ("GET", "/api/session", "2xx"))
PROCESSES = "thor_processes"


@pytest.fixture
def web(web_settings, bus, log_file, tmp_path):
    with serve(log_file, {**web_settings, "STATE_DIR": str(tmp_path)}, processes=2) as server:
        until(lambda: scrape(server).get((PROCESSES, ("web",))) == 2)
        yield server


def test_requests_are_counted_whichever_process_answers_and_also_when_it_is_killed(web):
    for _ in range(30):
        fetch(web, "/api/session")
    before = scrape(web)

    victim = psutil.Process(web.process.pid).children()[0]
    victim.send_signal(signal.SIGKILL)
    until(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE)
    until(lambda: scrape(web).get((PROCESSES, ("web",))) == 2)
    for _ in range(10):
        fetch(web, "/api/session")

    after = scrape(web)
    assert (before[SESSION], after[SESSION]) == (30, 40)
    assert before[PROCESSES, ("web",)] == 2
    assert after["thor_process_resident_memory_bytes", ("web",)] > 50_000_000


def test_clients_of_the_stream_are_counted_in_all_processes(web, bus):
    url = f"{web.url}/api/quotes/stream?symbols=ES"
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(SseClient(url)).wait_connected() for _ in range(6)]
        until(lambda: scrape(web).get(("thor_sse_clients", ())) == 6)
        publish(bus, 5)
        for client in clients:
            client.wait(lambda one: len(one.quotes()) == 5)
        until(lambda: scrape(web)["thor_sse_events_sent_total", ()] == 30)

    until(lambda: scrape(web)["thor_sse_clients", ()] == 0)
    assert scrape(web)["thor_sse_events_sent_total", ()] == 30


def test_a_command_that_works_for_long_is_counted_under_its_name(web, web_settings, bus, tmp_path):
    publish(bus, 7)
    environment = {**web_settings, "STATE_DIR": str(tmp_path), "PATH": os.environ["PATH"], "FLASK_APP": "wsgi.py"}
    command = [sys.executable, "-m", "flask", "redis-to-postgres", "--consumer-id=one"]

    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        until(lambda: scrape(web).get((PROCESSES, ("redis-to-postgres",))) == 1)
        until(lambda: scrape(web).get(("thor_ingest_delay_seconds_count", ())))
        process.terminate()
        process.communicate()

    told = scrape(web)
    assert (PROCESSES, ("redis-to-postgres",)) not in told
    assert told["thor_ingest_delay_seconds_count", ()] == told["thor_ingest_batch_duration_seconds_count", ()] >= 1


def publish(bus, count):
    QuotePublisher(bus, acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))).publish(quotes(count))


def scrape(web):
    return read_text(fetch(web, "/metrics"))


def fetch(web, path):
    with urllib.request.urlopen(f"{web.url}{path}", timeout=20) as answer:
        return answer.read().decode()
