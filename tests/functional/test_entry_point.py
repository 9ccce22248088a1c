import os
import subprocess

import pytest

from tests.tree import ROOT


def test_a_process_gets_the_addresses_of_its_role(enter):
    assert enter() == {
        "REDIS_URL": "redis://thor_ingest:of-redis@redis:6379/0",
        "DATABASE_URL": "postgresql://thor_ingest:of-postgres@postgres:5432/thor_db",
    }


def test_a_process_of_another_host_gets_addresses_with_tls(enter):
    told = enter(
        REDIS_SCHEME="rediss",
        REDIS_ADDRESS="10.77.0.1:6380",
        REDIS_OPTIONS="ssl_ca_certs=/etc/thor/ca.pem",
        POSTGRES_ADDRESS="10.77.0.1:5432",
        POSTGRES_OPTIONS="sslmode=verify-full&sslrootcert=/etc/thor/ca.pem",
    )

    assert told == {
        "REDIS_URL": "rediss://thor_ingest:of-redis@10.77.0.1:6380/0?ssl_ca_certs=/etc/thor/ca.pem",
        "DATABASE_URL": "postgresql://thor_ingest:of-postgres@10.77.0.1:5432/thor_db"
        "?sslmode=verify-full&sslrootcert=/etc/thor/ca.pem",
    }


@pytest.fixture
def enter(tmp_path):
    """The addresses that the entry point gives the ingest worker, by what it is told."""
    for server in ("redis", "postgres"):
        (tmp_path / f"{server}_ingest_password").write_text(f"of-{server}\n")

    def entered(**told):
        done = subprocess.run(
            ["sh", ROOT / "docker/entrypoint.sh", "env"],
            env={"PATH": os.environ["PATH"], "THOR_SECRETS": str(tmp_path), "QUEUE": "ingest", **told},
            capture_output=True,
            text=True,
            check=True,
        )
        words = dict(line.split("=", 1) for line in done.stdout.splitlines())
        return {name: words[name] for name in ("REDIS_URL", "DATABASE_URL")}

    return entered
