import re

import pytest

from app.local.background import thread_limits
from app.local.stack import WORKERS
from app.settings import Settings
from tests.guards.compose import document, services
from tests.tree import ROOT

OURS = "thor:latest"
OUR_SERVICES = sorted(name for name, body in services().items() if body["image"] == OURS)


@pytest.mark.parametrize("name", services())
def test_a_service_is_reached_from_this_machine_only(name):
    assert [port for port in services()[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted(set(services()) - {"prepare"}))
def test_a_service_tells_whether_it_is_well(name):
    assert services()[name]["healthcheck"]["test"]


def test_every_password_is_a_file_outside_the_repository():
    kept = document()["secrets"]

    assert all(secret["file"].startswith("./secrets/") for secret in kept.values())
    assert "secrets/" in (ROOT / ".gitignore").read_text().split()
    assert "secrets" not in (ROOT / ".dockerignore").read_text()


def test_no_password_stands_in_the_environment_of_a_service():
    named = [(service, key) for service, body in services().items() for key in body.get("environment", {})]

    assert [
        pair for pair in named if re.search("PASSWORD|SECRET|TOKEN|KEY|URL", pair[1]) and not pair[1].endswith("_FILE")
    ] == []


def test_the_settings_of_our_services_exist():
    known = {name.upper() for name in Settings.model_fields} | {"QUEUE"}

    named = {key for body in services().values() if body["image"] == OURS for key in body.get("environment", {})}

    assert named - known == set()


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_is_told_how_live_quotes_are_collected(name):
    told = services()[name]["environment"]

    asked = {"SESSION_SOURCES", "SOURCE_PREFERENCE", "SCHWAB_CLIENT_ID", "SCHWAB_REDIRECT_URI", "SCHWAB_SYMBOLS"}
    assert {key: told.get(key) for key in asked} == {key: f"${{{key}:-}}" for key in asked}


@pytest.mark.parametrize("name", ["worker-analysis", "api", "prepare"])
def test_analyses_and_the_admin_have_their_settings(name):
    told = services()[name]["environment"]

    asked = {key for key in map(str.upper, Settings.model_fields) if key.startswith(("ANALYSIS_", "ADMIN_"))}
    assert {key: told.get(key) for key in asked} == {key: f"${{{key}:-}}" for key in asked}


def test_the_workers_that_compute_have_their_turn_at_the_processors_after_all_others():
    computing = {f"worker-{worker.queue}" for worker in WORKERS if worker.computes}

    assert {name for name, body in services().items() if "cpu_shares" in body} == computing
    assert all(services()[name]["cpu_shares"] < 1024 / 8 for name in computing)


def test_the_image_bounds_the_threads_of_the_workers_that_compute():
    script = (ROOT / "docker" / "entrypoint.sh").read_text()

    queues = {worker.queue for worker in WORKERS if worker.computes}
    [named] = re.findall(r"^([a-z |]+)\)$", script, re.MULTILINE)
    assert set(named.split(" | ")) == queues
    assert set(re.findall(r"export (\w+_THREADS)=", script)) == set(thread_limits())


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_is_told_of_the_open_and_of_whom_to_tell(name):
    told, asked = services()[name]["environment"], ("ALERT_", "PREMARKET_", "SMTP_")
    known = {key for key in map(str.upper, Settings.model_fields) if key.startswith(asked)}

    secret = {key for key in known if key.lower() in services()[name]["secrets"]}
    assert secret == {"SMTP_PASSWORD", "ALERT_WEBHOOK_URL", "ALERT_WEBHOOK_SECRET"}
    assert {key: told.get(key) for key in known - secret} == {key: f"${{{key}:-}}" for key in known - secret}


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_has_every_password_that_the_image_reads(name):
    script = (ROOT / "docker" / "entrypoint.sh").read_text()

    assert set(re.findall(r"\$\(secret (\w+)\)", script)) - {"flower_password"} <= set(services()[name]["secrets"])


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_shares_what_is_kept_beside_the_servers(name):
    [place] = re.findall(r"^ENV STATE_DIR=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert f"state:{place}" in services()[name]["volumes"]


def test_the_head_makes_every_file_of_a_password():
    head = (ROOT / "docker-compose.yml").read_text().partition("\nname:")[0]

    made = {f"{name}_password" for name in re.search(r"for name in ([a-z ]+);", head)[1].split()}
    assert made | set(re.findall(r"touch secrets/(\w+)", head)) == set(document()["secrets"])


def test_redis_keeps_its_stream_on_disk_and_evicts_nothing():
    command = " ".join(services()["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "redis:/data" in services()["redis"]["volumes"]


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert [line.split()[1] for line in lines if line.startswith("USER ")] == ["thor"]


def test_the_image_is_given_all_that_it_copies_and_nothing_that_only_builds_the_dashboard():
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    lines = (ROOT / ".dockerignore").read_text().split()

    given = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert lines[0] == "*"
    assert {name for names in copied for name in names.split()} - given == set()
    # The last line that fits a file decides.
    assert lines.index("app/dashboard/web") > lines.index("!app")
