import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.local.stack import WORKERS
from tests.deployment import image_command
from tests.guards.compose import services
from tests.guards.systemd import UNITS, command, environment, unit
from tests.tree import ROOT

QUEUES = [worker.queue for worker in WORKERS]
# Unit, instance, and the service of docker-compose.yml that is the same process.
PAIRS = [
    ("thor-web.service", "", "api"),
    ("thor-beat.service", "", "beat"),
    ("thor-flower.service", "", "flower"),
    ("thor-prepare.service", "", "prepare"),
    ("thor-backup.service", "", "backup"),
    *(("thor-worker@.service", queue, f"worker-{queue}") for queue in QUEUES),
]
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
DENIED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
    "PrivateDevices": "yes", "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes", "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes", "LockPersonality": "yes", "CapabilityBoundingSet": "", "MemoryDenyWriteExecute": "yes",
    "UMask": "0077", "User": "thor", "StateDirectory": "thor",
}  # fmt: skip


@pytest.mark.parametrize(("name", "instance", "service"), PAIRS)
def test_a_unit_runs_the_command_of_its_service(name, instance, service):
    told = unit(name, instance)
    worker = {"POOL": "", "CONCURRENCY": ""} | pool_of(instance)
    theirs = services()[service].get("command") or image_command()

    # A machine's own ports are on its loopback; beat keeps its schedule with the rest of the state.
    here = [word.replace("0.0.0.0", "127.0.0.1").replace("/tmp/beat-", "/var/lib/thor/celerybeat-") for word in theirs]
    assert command(told, worker) == here


@pytest.mark.parametrize(("name", "instance", "service"), PAIRS)
def test_a_unit_has_the_role_and_the_secrets_of_its_service(name, instance, service):
    told, theirs = unit(name, instance), services()[service]

    loaded = dict(line.split(":") for line in told["Service"]["LoadCredential"])
    assert set(loaded) == set(theirs["secrets"])
    assert all(path == f"/etc/thor/secrets/{secret}" for secret, path in loaded.items())
    given = environment(told)
    assert {key: given.get(key) for key in ("ROLE", "QUEUE")} == {
        key: theirs["environment"].get(key) for key in ("ROLE", "QUEUE")
    }
    assert given["THOR_SECRETS"] == "%d"


@pytest.mark.parametrize("name", SERVICES)
def test_a_unit_is_denied_what_it_has_no_use_for(name):
    told = unit(name, "control")["Service"]

    assert {key: told.get(key, [None])[-1] if told.get(key) else "" for key in DENIED} == DENIED
    assert told["SystemCallFilter"][0] == "@system-service"
    assert "~@privileged" in told["SystemCallFilter"][1]


@pytest.mark.parametrize("name", [name for name in SERVICES if "backup" not in name and "prepare" not in name])
def test_a_unit_that_fails_starts_again_and_not_for_ever(name):
    told = unit(name, "control")

    assert told["Service"]["Restart"] == ["on-failure"]
    assert (told["Unit"]["StartLimitBurst"], told["Unit"]["StartLimitIntervalSec"]) == (["10"], ["600"])
    assert told["Service"]["KillMode"] == ["mixed"]
    assert int(told["Service"]["TimeoutStopSec"][0]) >= 15


def test_nothing_is_watched_that_gives_no_sign():
    assert [name for name in SERVICES if "WatchdogSec" in (UNITS / name).read_text()] == []


@pytest.mark.parametrize("worker", WORKERS, ids=lambda worker: worker.queue)
def test_a_worker_that_may_be_long_at_a_task_is_told_to_give_it_back(worker):
    told = unit("thor-worker@.service", worker.queue)["Service"]

    assert (told.get("KillSignal") == ["SIGQUIT"]) == (worker.pool == "prefork")
    assert (told.get("CPUWeight") == ["10"]) == worker.computes


def test_the_target_has_every_part():
    wanted = " ".join(unit("thor.target")["Unit"]["Wants"]).split()

    assert set(wanted) == {"thor-web.service", "thor-beat.service", "thor-flower.service"} | {
        f"thor-worker@{queue}.service" for queue in QUEUES
    }


def test_a_host_beside_has_the_workers_that_need_no_sole_right_and_does_not_prepare(tmp_path):
    wanted = " ".join(unit("second-host/thor.target")["Unit"]["Wants"]).split()
    told = (UNITS / "second-host/thor-prepare.service.d/second-host.conf").read_text()

    assert set(wanted) == {f"thor-worker@{queue}.service" for queue in QUEUES if queue != "control"}
    assert told.split("[Service]\n")[1] == "LoadCredential=\nExecStart=\nExecStart=/bin/true\n"
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    names = placed(tmp_path)
    shutil.copytree(UNITS / "second-host", tmp_path, dirs_exist_ok=True)
    assert verify(tmp_path, names) == ""


def test_systemd_understands_the_units(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    names = placed(tmp_path)

    assert verify(tmp_path, names) == ""
    (tmp_path / "thor-web.service").write_text((tmp_path / "thor-web.service").read_text() + "NoSuchThing=yes\n")
    assert "NoSuchThing" in verify(tmp_path, names) or "Unknown" in verify(tmp_path, names)


@pytest.mark.parametrize("name", SERVICES)
def test_systemd_rates_a_unit_as_little_exposed(tmp_path, name):
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze here")
    placed(tmp_path)
    file = name.replace("@.", "@control.")

    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"./{file}"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )  # fmt: skip
    rated = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
    if rated is None:
        pytest.skip("this systemd-analyze rates no files")
    assert float(rated[1]) <= 2.0


def pool_of(queue: str) -> dict[str, str]:
    """What the file beside the template says of a worker."""
    if not queue:
        return {}
    text = (UNITS / "workers" / f"{queue}.env").read_text()
    [worker] = [one for one in WORKERS if one.queue == queue]
    found = dict(line.split("=") for line in text.splitlines())
    assert found == {"POOL": worker.pool, "CONCURRENCY": str(worker.concurrency)}
    return found


def placed(folder: Path) -> list[str]:
    """The units in a folder, with programs and files that exist here in the place of those of an installation."""
    shutil.copytree(UNITS, folder, dirs_exist_ok=True)
    for queue in QUEUES:
        shutil.copy(folder / "thor-worker@.service", folder / f"thor-worker@{queue}.service")
    for file in folder.glob("*.service"):
        text = file.read_text().replace("/opt/thor/.venv/bin/flask", "/bin/true").replace("/opt/thor", str(ROOT))
        file.write_text(text)
    return [
        path.name for path in folder.iterdir() if path.is_file() and "@." not in path.name and path.suffix != ".conf"
    ]


def verify(folder: Path, names: list[str]) -> str:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names],
        capture_output=True, text=True, check=False, env={"SYSTEMD_UNIT_PATH": f"{folder}:"},
    )  # fmt: skip
    return done.stdout + done.stderr
