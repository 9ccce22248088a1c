import json

import pytest

from app.bus import keys
from app.dispatch import QUEUES
from app.operations.tick import SWEEP


@pytest.fixture
def at_work(rt):
    now_ms = int(rt.clock.now().timestamp() * 1000)
    for queue in QUEUES:
        rt.redis.set(keys.pulse(queue), now_ms)
    rt.redis.set(keys.ran(SWEEP), now_ms)
    rt.settings.state_dir.mkdir(mode=0o700, parents=True)


def by_name(output):
    return {one["name"]: one for one in json.loads(output)["findings"]}


def test_the_doctor_tells_of_every_part_and_of_no_secret(runner, rt, at_work):
    result = runner.invoke(args=["doctor", "--json"])

    found = by_name(result.output)
    parts = {"python", "packages", "postgres", "migrations", "redis", "append_only_file", "clock", "state_dir", "ports"}
    assert parts | {"env_file", "password_of_redis_url", "open_files", "workers", "beat", "alerts"} <= set(found)
    assert {name: found[name]["level"] for name in ("migrations", "redis", "workers", "beat")} == dict.fromkeys(
        ("migrations", "redis", "workers", "beat"), "ok"
    )
    assert found["postgres"]["level"] in ("ok", "warning")  # As new as the one that comes with Thor.
    for url in (rt.settings.database_url, rt.settings.redis_url):
        assert url.get_secret_value().split("@")[0].rpartition(":")[2] not in result.output


def test_something_wrong_ends_with_1_and_says_what_to_do(runner, rt, at_work):
    rt.settings.state_dir.chmod(0o755)

    result = runner.invoke(args=["doctor", "--brief"])

    assert result.exit_code == 1
    assert f"chmod 700 {rt.settings.state_dir}" in result.output
    assert " ok " not in result.output.rpartition("\n\n")[0]


def test_without_anything_that_runs_it_says_so_and_nothing_is_wrong(runner_on, tmp_path):
    result = runner_on(redis_url=None, database_url=None, state_dir=tmp_path / "none").invoke(args=["doctor", "--json"])

    found = by_name(result.output)
    assert {name: found[name]["level"] for name in ("thor", "postgres", "redis", "work")} == dict.fromkeys(
        ("thor", "postgres", "redis", "work"), "unknown"
    )
    assert found["state_dir"]["level"] == "ok"


def test_the_status_points_to_the_doctor_when_servers_are_away(runner_on, tmp_path):
    away = {"redis_url": "redis://127.0.0.1:1/0", "database_url": None, "state_dir": tmp_path / "none"}

    result = runner_on(**away).invoke(args=["status"])

    assert "`flask doctor` says why, and what to do" in result.output
