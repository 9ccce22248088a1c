"""docker-compose.yml's services, all of them at once: each with its own users, secrets and read-only disk."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from tests.deployment import Deployment, deployed
from tests.deployment_talk import EXPORT, RUNNING, answer, ask, count, denials, last_days, new_key, record
from tests.sealing import can_seal
from tests.waiting import until

pytestmark = pytest.mark.timeout(600)

TRADES = 390
PATIENCE_S = 180


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployed")) as found:
        for name in RUNNING:
            found.start(name)
        found.api_key = new_key(found)
        yield found


@pytest.fixture(scope="module")
def day() -> date:
    return last_days(1)[0]


def test_every_service_of_ours_runs_and_is_well(made):
    checked = [*RUNNING, "redis"] if shutil.which("redis-cli") else RUNNING
    workers = [name for name in RUNNING if name.startswith("worker-")]
    until(lambda: all(" ready." in made.log(name) for name in workers), PATIENCE_S)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda name: until(lambda: made.is_well(name), PATIENCE_S), checked))

    assert {name: made.processes[name].poll() for name in RUNNING} == dict.fromkeys(RUNNING)


def test_quotes_go_the_whole_way_through_users_of_their_own(made, day):
    assert made.run("desk", ["flask", "replay", record(made, day, 1, TRADES), "--speed", "max"]).returncode == 0
    until(lambda: count(made, "ticks WHERE source = 'REPLAY'") == TRADES, PATIENCE_S)
    assert ask(made, "/api/quotes?symbols=ES")["quotes"][0]["seq"] == TRADES

    assert made.run("desk", ["flask", "collectors", "--start=SIMULATED"]).returncode == 0
    assert made.run("desk", ["python", "-c", EXPORT, day.isoformat()]).returncode == 0
    until(lambda: count(made, "lake_files WHERE symbol = 'ES' AND kind = 'ticks'"), PATIENCE_S)

    until(lambda: count(made, "ticks WHERE source = 'SIMULATED'"), PATIENCE_S)


def test_reads_and_changes_by_http_are_allowed_to_the_web_server(made):
    until(lambda: answer(made, "8000", "/api/health/ready")[0] == 200, PATIENCE_S)

    reads = ["collectors", "losses", "gaps", "alerts", "premarket", "dead-letters", "predictions", "instruments"]
    assert [name for name in reads if not isinstance(ask(made, f"/api/{name}"), dict)] == []
    assert b'thor_up{part="postgres"} 1.0' in answer(made, "8000", "/metrics")[1]
    watched = ask(made, "/api/watchlist")["symbols"]
    assert ask(made, "/api/watchlist", {"symbols": watched[:5]}, "PUT")["symbols"] == watched[:5]


def test_the_web_server_is_closed_to_whoever_has_no_key(made):
    key, made.api_key = made.api_key, ""
    refused = {path: answer(made, "8000", path)[0] for path in ("/api/quotes", "/api/jobs", "/metrics", "/api/health")}
    made.api_key = key

    assert set(refused.values()) == {401}


def test_a_backup_needs_no_more_than_its_own_users(made):
    done = made.run("backup", within_s=PATIENCE_S)

    assert done.returncode == 0, done.stdout + done.stderr


def test_flower_is_closed_to_whoever_has_no_password(made):
    until(lambda: answer(made, "5555", "/healthcheck")[0] == 200, PATIENCE_S)

    for path in ("/", "/api/workers", "/api/tasks", "/workers"):
        assert answer(made, "5555", path)[0] == 401
        assert answer(made, "5555", path, password=f"thor:{'x' * 48}")[0] == 401
        assert answer(made, "5555", path, password=f"thor:{made.password('flower_password')}")[0] == 200


def test_flower_is_opened_by_no_variable_and_does_not_start_without_a_password(made, tmp_path):
    told = made.run("flower", ["env"], FLOWER_UNAUTHENTICATED_API="true", FLOWER_AUTH=".*", FLOWER_CONF="/tmp/open.py")
    assert set(re.findall(r"^(FLOWER_\w+)=", told.stdout, re.MULTILINE)) == {"FLOWER_BASIC_AUTH"}

    (tmp_path / "redis_flower_password").write_text("x" * 24)
    refused = made.run("flower", ["env"], THOR_SECRETS=str(tmp_path))
    assert (refused.returncode, refused.stdout, "open to everybody" in refused.stderr) == (2, "", True)


def test_flower_only_watches(made):
    password = f"thor:{made.password('flower_password')}"

    assert answer(made, "5555", "/api/worker/shutdown/control@here", {}, password=password)[0] in (403, 405)
    assert answer(made, "5555", "/api/task/send-task/control.market_tick", {}, password=password)[0] in (403, 405)


@pytest.mark.skipif(not can_seal(), reason="this machine lets nobody mount a disk read-only")
def test_a_service_writes_nothing_but_its_own_folders(made):
    places = {"tests": 1, made.environment("api")["TMPDIR"]: 0, made.environment("api")["STATE_DIR"]: 0}
    tried = {place: made.run("api", ["touch", f"{place}/tried"]).returncode for place in places}

    assert tried == places


def test_nobody_was_denied_what_he_needs(made):
    assert denials(made) == []


def test_every_service_ends_within_the_time_that_it_is_given(made):
    with ThreadPoolExecutor(len(RUNNING)) as pool:
        ended = dict(zip(RUNNING, pool.map(made.stop, RUNNING), strict=True))

    assert ended == dict.fromkeys(RUNNING, 0)
