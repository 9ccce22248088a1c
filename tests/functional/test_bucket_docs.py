import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from app.bucket.objects import Bucket
from app.bucket.plan import BucketPlan
from app.bucket.pushing import push_day
from app.settings import load_settings
from tests.bucket_lakes import DAYS, fill_lake
from tests.documentation import document, section_of
from tests.tree import ROOT

TEXT = section_of(document("lake.md"), "A copy in a bucket")
SETTINGS = dict(line.split("=", 1) for line in re.search(r"```\n(LAKE_.*?)```", TEXT, re.DOTALL)[1].split())
PUSHES, PULLS = [block.splitlines() for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)]
SCRIPT, OTHERS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
POLICY = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)[1])

pytestmark = pytest.mark.timeout(180)


def test_the_settings_of_the_document_are_good():
    settings = load_settings(_env_file=None, **{name.lower(): value for name, value in SETTINGS.items()})

    assert settings.bucket == BucketPlan("s3://desk/thor", "https://minio.example:9000", "us-east-1")


def test_the_commands_of_the_document_work(run, rt, tmp_path):
    pushed = [run(line) for line in PUSHES]
    pulled = [run(line.replace("/srv", str(tmp_path))) for line in PULLS]

    assert [done.exit_code for done in (*pushed, *pulled)] == [0] * 8
    assert len(list((tmp_path / "research").rglob("*.parquet"))) == len(list(rt.lake.root.rglob("*.parquet")))


def test_the_scripts_of_the_document_run(rt, store, tmp_path):
    fill_lake(rt.sessions, rt.lake)
    for day in DAYS:
        push_day(rt.sessions, rt.lake, Bucket(store.plan), day)
    keys = {"AWS_ACCESS_KEY_ID": "DESKKEY", "AWS_SECRET_ACCESS_KEY": "desk-secret", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "LAKE_BUCKET_ENDPOINT": store.url,
        **keys,
    }
    script = "\n".join(
        [
            SCRIPT.replace("s3://desk/thor", store.plan.place),
            "assert ticks.columns == ['ts', 'last'] and low.to_pylist()[0]['low'] == 6700",
            "import pyarrow.fs, pyarrow.parquet as pq",
            f"store = pyarrow.fs.S3FileSystem(endpoint_override={store.url!r})",
            f"options = {{'aws_endpoint_url': {store.url!r}, 'aws_allow_http': 'true', 'aws_region': 'us-east-1'}}",
            OTHERS.replace("desk/thor", store.plan.root),
        ]
    )

    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_the_policy_of_the_document_grants_what_thor_asks_for_and_no_more(run, store):
    for line in (*PUSHES, "flask lake-pull"):
        run(line)

    granted = [action for statement in POLICY["Statement"] for action in [statement["Action"]]]
    assert granted == [["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], "s3:ListBucket"]
    assert {one.method for one in store.requests} == {"GET", "HEAD", "PUT"}
    assert all(re.search(r"prefix=thor/", one.query) for one in store.requests if one.is_listing)
    assert all(one.name for one in store.requests if not one.is_listing)


@pytest.fixture
def settings(settings, store):
    told = {name.lower(): value for name, value in store.environment.items()}
    return settings.model_copy(update=load_settings(_env_file=None, **told).model_dump(include=set(told)))


@pytest.fixture
def run(app, rt):
    fill_lake(rt.sessions, rt.lake)
    runner = app.test_cli_runner()

    def call(line):
        assert shlex.split(line)[0] == "flask"
        return runner.invoke(args=shlex.split(line)[1:])

    return call
