import re

import pytest

from app.settings import Settings
from tests.guards.compose import document, services
from tests.tree import ROOT

OURS = "thor:latest"


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


def test_redis_keeps_its_stream_on_disk_and_evicts_nothing():
    command = " ".join(services()["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "redis:/data" in services()["redis"]["volumes"]


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()

    assert [line.split()[1] for line in lines if line.startswith("USER ")] == ["thor"]
