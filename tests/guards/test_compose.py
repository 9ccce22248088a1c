import re
import shutil
import stat
import subprocess

import pytest

import app.models  # noqa: F401  (fills the metadata)
import celeryconfig
from app.extensions import Model
from app.local.background import thread_limits
from app.local.stack import ARENAS, WEB_POOL, WORKERS
from app.operations.database_rights import RIGHTS
from app.settings import Settings
from tests.deployment import image_command
from tests.guards.compose import document, services
from tests.tree import ROOT

OURS = "thor:latest"
SETTINGS = {name.upper() for name in Settings.model_fields}
TOLD_IN_FILES = {"smtp_password", "alert_webhook_url", "alert_webhook_secret"}
BUCKET = {"lake_bucket_key", "lake_bucket_secret"}
OUR_SERVICES = sorted(name for name, body in services().items() if body["image"] == OURS)


def role_of(name: str) -> str:
    told = services()[name]["environment"]
    return told.get("ROLE") or told["QUEUE"]


@pytest.mark.parametrize("name", services())
def test_a_service_is_reached_from_this_machine_only(name):
    assert [port for port in services()[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", sorted(set(services()) - {"prepare", "roles", "desk", "backup"}))
def test_a_service_tells_whether_it_is_well(name):
    assert services()[name]["healthcheck"]["test"]


def test_every_password_is_a_file_outside_the_repository():
    kept = document()["secrets"]

    assert all(secret["file"].startswith("./secrets/") for secret in kept.values())
    assert "secrets/" in (ROOT / ".gitignore").read_text().split()
    assert "secrets" not in (ROOT / ".dockerignore").read_text()


def test_no_password_stands_in_the_environment_of_a_service():
    named = [(service, key) for service, body in services().items() for key in body.get("environment", {})]
    places = {"THOR_SECRETS", "POSTGRES_PASSWORD_FILE", "GF_SECURITY_ADMIN_PASSWORD__FILE"}

    assert {key for _, key in named if re.search("PASSWORD|SECRET|TOKEN|KEY|URL", key)} <= places


def test_the_settings_of_our_services_exist():
    known = {name.upper() for name in Settings.model_fields} | {"QUEUE", "ROLE"}

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


def test_the_threads_of_every_process_share_as_many_heaps_as_without_containers():
    script = (ROOT / "docker" / "entrypoint.sh").read_text()

    assert dict(re.findall(r'export (MALLOC_\w+)="\$\{\1:-(\d+)\}"', script)) == ARENAS
    [name, pool] = re.findall(r'= api \]; then export (ARROW_\w+)="\$\{\w+:-(\w+)\}"', script)[0]
    assert {name: pool} == WEB_POOL


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_is_told_of_the_open(name):
    told, known = services()[name]["environment"], {key for key in SETTINGS if key.startswith("PREMARKET_")}

    assert {key: told.get(key) for key in known} == {key: f"${{{key}:-}}" for key in known}


def test_who_notes_or_tells_alerts_knows_the_channels_and_nobody_else():
    known = {key for key in SETTINGS if key.startswith(("ALERT_", "SMTP_"))} - {key.upper() for key in TOLD_IN_FILES}
    told = {name: services()[name]["environment"].keys() & known for name in OUR_SERVICES}

    assert told == {
        name: known if role_of(name) in {*RIGHTS["alert_deliveries"], "desk"} else set() for name in OUR_SERVICES
    }
    assert all(services()["api"]["environment"][key] == f"${{{key}:-}}" for key in known)


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_has_the_secrets_of_its_role_and_no_others(name):
    role, more = role_of(name), {"control": TOLD_IN_FILES, "collectors": {"schwab_client_secret"}, "export": BUCKET}
    more |= {"desk": {*TOLD_IN_FILES, *BUCKET, "schwab_client_secret"}, "flower": {"flower_password"}}
    stores = {"redis"} if role in ("beat", "flower") else {"redis", "postgres"}

    assert set(services()[name]["secrets"]) == {f"{store}_{role}_password" for store in stores} | more.get(role, set())


@pytest.mark.parametrize("name", sorted(set(OUR_SERVICES) - {"beat", "flower"}))
def test_a_service_of_ours_shares_what_is_kept_beside_the_servers(name):
    [place] = re.findall(r"^ENV STATE_DIR=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    assert services()[name]["volumes"] == [f"state:{place}"]


def test_the_script_makes_every_secret_once_and_keeps_what_is_there(tmp_path):
    folder = tmp_path / "secrets"
    make = ["sh", str(ROOT / "deploy/secrets.sh"), str(folder)]
    subprocess.run(make, check=True)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    subprocess.run(make, check=True)

    assert {path.name: path.read_text() for path in folder.iterdir()} == first
    assert set(first) == set(document()["secrets"])
    empty = {*TOLD_IN_FILES, *BUCKET, "schwab_client_secret", "metrics_key"}
    assert {name for name, text in first.items() if not text} == empty
    made = [text for text in first.values() if text]
    assert (len(set(made)), {len(text) for text in made}, "".join(made).isalnum()) == (len(made), {48}, True)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", services())
def test_a_service_is_denied_what_it_has_no_use_for(name):
    told = services()[name]

    assert (told["read_only"], told["cap_drop"], told["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
    assert told["pids_limit"] <= 512
    assert told["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "5"}}
    assert "privileged" not in told
    assert "cap_add" not in told


@pytest.mark.parametrize("name", OUR_SERVICES)
def test_a_service_of_ours_runs_as_the_user_of_the_image_within_bounds(name):
    [number] = re.findall(r"--uid (\d+)", (ROOT / "Dockerfile").read_text())

    assert services()[name]["user"] == f"{number}:{number}"
    assert services()[name]["tmpfs"]
    assert services()[name]["mem_limit"]


def test_a_server_is_reached_by_who_has_to_reach_it():
    on = {name: set(told["networks"]) for name, told in services().items()}
    ours = {role_of(name): name for name in OUR_SERVICES}
    stores = {name for role, name in ours.items() if role not in ("beat", "flower")}

    assert {name for name in on if "database" in on[name]} == {"postgres", "roles", *stores}
    assert {name for name in on if "bus" in on[name]} == {"redis", *OUR_SERVICES}
    assert {name for name in on if on[name] & {"front", "outside"}} & {"postgres", "redis", "roles", "beat"} == set()
    networks = document()["networks"]
    assert {name for name, told in networks.items() if told.get("internal")} == {"database", "bus"}
    published = {name for name, told in services().items() if told.get("ports")}
    assert all(on[name] - {"database", "bus"} for name in published)


def test_a_service_has_the_time_that_its_end_takes():
    graces = {
        name: int(told["stop_grace_period"][:-1]) for name, told in services().items() if "stop_grace_period" in told
    }

    assert set(graces) == {"postgres", "redis", *OUR_SERVICES}
    assert all(graces[f"worker-{one.queue}"] > celeryconfig.worker_soft_shutdown_timeout + 5 for one in WORKERS)
    quits = {name for name, told in services().items() if told.get("stop_signal") == "SIGQUIT"}
    assert quits == {f"worker-{one.queue}" for one in WORKERS if one.pool == "prefork"}


def test_the_web_server_knows_that_it_listens_to_others():
    assert services()["api"]["environment"]["WEB_HOST"] == "0.0.0.0"
    assert "0.0.0.0:8000" in image_command()


def test_every_file_that_is_mounted_is_here():
    mounted = {
        volume.partition(":")[0]
        for told in services().values()
        for volume in map(str, told.get("volumes", ()))
        if volume.startswith("./")
    }
    monitoring = {name for name in mounted if name.startswith(("./deploy/prometheus", "./deploy/grafana"))}

    assert [name for name in mounted - monitoring if not (ROOT / name).exists()] == []
    assert all(
        volume.endswith(":ro") for told in services().values() for volume in told.get("volumes", ()) if "./" in volume
    )


def test_the_tables_of_the_models_all_have_rights():
    assert set(RIGHTS) == set(Model.metadata.tables)


def test_compose_reads_the_file(tmp_path):
    compose = ["docker", "compose"]
    if not shutil.which("docker") or subprocess.run([*compose, "version"], capture_output=True, check=False).returncode:
        pytest.skip("there is no docker compose here")
    copy = shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    subprocess.run(["sh", str(ROOT / "deploy/secrets.sh"), str(tmp_path / "secrets")], check=True)

    answer = subprocess.run(
        [*compose, "--file", copy, "--profile", "*", "config", "--quiet"], capture_output=True, text=True, check=False
    )

    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


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
