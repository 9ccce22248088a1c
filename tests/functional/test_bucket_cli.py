import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from app.lake.identity import take_identity
from tests.bar_files import damage
from tests.bucket_lakes import DAYS, ES, fill_lake, trades
from tests.lake_days import export_quotes
from tests.tree import ROOT

BUCKET_SETTINGS = ("lake_bucket", "lake_bucket_endpoint", "lake_bucket_region", "lake_bucket_key", "lake_bucket_secret")

pytestmark = pytest.mark.timeout(180)


def test_a_push_a_comparison_and_a_pull_tell_what_they_did(run, rt, store, tmp_path):
    dry, pushed, again = run("lake-push", "--dry-run"), run("lake-push"), run("lake-push")
    compared = run("lake-compare", "--verify")
    pulled = run("lake-pull", f"--output-dir={tmp_path / 'other'}")

    assert "Would send 6 files" in dry.stdout
    assert "2025-10-09: sent 3 files, " in pushed.stdout
    assert "Sent 6 files" in pushed.stdout and "; 0 were there" in pushed.stdout
    assert "Sent 0 files (0.0 MB); 6 were there" in again.stdout
    assert "Compared 6 files of 2 days: 0 different" in compared.stdout
    assert "Fetched 6 files" in pulled.stdout
    assert [one.exit_code for one in (dry, pushed, again, compared, pulled)] == [0] * 5
    assert files_below(tmp_path / "other") == files_below(rt.lake.root)


def test_machines_get_json(run, store):
    pushed = json.loads(run("lake-push", "--json").stdout)
    store.delete(ES)
    compared = run("lake-compare", "--json")
    pulled = json.loads(run("lake-pull", "--dry-run", "--json").stdout)

    assert (pushed["files"], pushed["refused"], len(pushed["days"])) == (6, 0, 2)
    assert [(one["path"], one["problem"]) for one in json.loads(compared.stdout)["differences"]] == [
        (ES, "damaged in the bucket")
    ]
    assert (compared.exit_code, pulled["kept"]) == (3, 6)


def test_the_copy_of_another_lake_is_left_alone_until_it_is_adopted(run, rt, store):
    run("lake-push")
    whole = {name: store.get(name) for name in store.names()}
    with rt.sessions.begin() as session:
        take_identity(session, uuid4(), rt.clock.now())
    export_quotes(rt.sessions, rt.lake, trades(DAYS[0], "ES", 301))

    refused = [run("lake-push", *how) for how in ((), ("--overwrite",), ("--dry-run",))]
    refused += [run("lake-pull", "--overwrite")]
    compared = run("lake-compare", "--json")

    assert {(one.exit_code, one.stderr.count("\n"), "--adopt" in one.stderr) for one in refused} == {(3, 1, True)}
    assert {name: store.get(name) for name in store.names()} == whole
    assert json.loads(compared.stdout)["remark"].endswith("has the copy of another lake")
    assert "Would send 1 file" in run("lake-push", "--adopt", "--dry-run").stdout
    assert (run("lake-push", "--adopt").exit_code, run("lake-push").exit_code) == (0, 0)
    assert json.loads(run("lake-compare", "--json").stdout)["remark"] == ""
    assert store.get("lake.json") == whole["lake.json"]
    store.put("lake.json", b"{}")
    assert "lake.json in s3://" in json.loads(run("lake-compare", "--json").stdout)["remark"]
    both = run("lake-pull", "--adopt", f"--output-dir={rt.lake.root.parent / 'other'}")
    assert (both.exit_code, both.stderr) == (
        2,
        "error: --adopt and --output-dir exclude each other: give one of them\n",
    )


def test_a_refusal_is_told_and_ends_with_3(run, rt):
    damage(rt.lake.root / ES)

    done = run("lake-push")

    assert done.stderr == (f"2025-10-09: {ES} is not what is recorded: see `flask verify-lake`\n")
    assert (done.exit_code, "Sent 5 files" in done.stdout, ", 1 refused" in done.stdout) == (3, True, True)


def test_a_pull_keeps_what_is_different_here_and_overwrites_when_told(run, rt):
    run("lake-push")
    export_quotes(rt.sessions, rt.lake, trades(DAYS[0], "ES", 5))

    refused, taken = run("lake-pull"), run("lake-pull", "--overwrite", "--end=2025-10-09", "--symbols=ES")

    assert (refused.exit_code, taken.exit_code) == (3, 0)
    assert "Fetched 1 file" in taken.stdout


@pytest.mark.parametrize("name", ["lake-push", "lake-pull", "lake-compare"])
def test_without_a_bucket_a_command_says_which_setting_names_one(runner_on, name):
    done = runner_on(lake_bucket=None).invoke(args=[name])

    assert (done.exit_code, done.stderr) == (2, "error: no bucket is named: set LAKE_BUCKET, such as s3://desk/thor\n")


@pytest.mark.parametrize("name", ["lake-push", "lake-pull", "lake-compare"])
def test_a_store_that_denies_access_is_told_without_secrets(run, store, name):
    store.refuse("AccessDenied", 403)

    done = run(name)

    assert (done.exit_code, done.stderr.count("\n")) == (3, 1)
    assert "denies access (access_denied): see to LAKE_BUCKET_KEY" in done.stderr
    assert "desk-secret" not in done.output


def test_a_push_that_is_killed_leaves_no_half_day_and_is_finished_by_the_next(run, rt, store, process):
    with store.holding(lambda one: one.method == "PUT", skip=1) as came:
        push = process("lake-push")
        assert came.wait(20)
        kill(push)
    half = [name for name in store.names() if name.startswith("manifest/")]

    done = run("lake-push")

    assert (half, done.exit_code) == ([], 0)
    assert run("lake-compare", "--verify").exit_code == 0


def test_a_pull_that_is_killed_leaves_no_half_file_and_is_finished_by_the_next(run, rt, store, process, tmp_path):
    run("lake-push")
    other = f"--output-dir={tmp_path / 'other'}"
    with store.holding(lambda one: one.name.endswith(".parquet") and one.method == "GET", skip=1) as came:
        pull = process("lake-pull", other)
        assert came.wait(20)
        kill(pull)
    whole = files_below(rt.lake.root)
    half = files_below(tmp_path / "other")

    done = run("lake-pull", other)

    assert half.items() < whole.items()
    assert (done.exit_code, files_below(tmp_path / "other")) == (0, whole)


def test_no_secret_is_in_the_words_or_the_answers_of_a_process(store, process):
    with store.holding(lambda one: one.method == "PUT") as came:
        push = process("lake-push")
        assert came.wait(20)
        words = Path(f"/proc/{push.pid}/cmdline").read_text()
    told = "".join(push.communicate(timeout=60))

    assert push.returncode == 0
    assert "desk-secret" not in words + told


def files_below(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.parquet")}


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


@pytest.fixture
def settings(settings, store):
    told = {name.lower(): value for name, value in store.environment.items()}
    return settings.model_copy(update=type(settings)(_env_file=None, **told).model_dump(include=set(BUCKET_SETTINGS)))


@pytest.fixture
def run(app, rt, store):
    fill_lake(rt.sessions, rt.lake)
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=words)


@pytest.fixture
def process(run, settings, store):
    environment = {
        **os.environ,
        **store.environment,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "STATE_DIR": str(settings.state_dir),
    }

    def start(*words):
        command = [sys.executable, "-m", "flask", *words]
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start
