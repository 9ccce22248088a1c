from pathlib import Path

import pytest
from pydantic import ValidationError

from app.errors import Rejected
from app.setting_types import PROJECT
from app.settings import inherited_environment, load_settings

SECRET = "hunter2-hunter2"


def load(**given):
    return load_settings(_env_file=None, **given)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "STATE_DIR", "DATA_DIR", "WEB_PORT", "LOG_LEVEL", "MARKET"):
        monkeypatch.delenv(name, raising=False)


def test_without_any_setting_thor_runs_its_own_servers_below_the_project():
    settings = load()

    assert (settings.database_url, settings.redis_url) == (None, None)
    assert settings.state_dir == PROJECT / "var"
    assert settings.lake_dir == PROJECT / "var" / "data"


def test_the_environment_is_read_by_upper_case_names_and_empty_means_unset(monkeypatch):
    monkeypatch.setenv("WEB_PORT", "8123")
    monkeypatch.setenv("DATA_DIR", "/srv/lake")
    monkeypatch.setenv("LOG_LEVEL", "")

    settings = load()

    assert (settings.web_port, settings.lake_dir, settings.log_level) == (8123, Path("/srv/lake"), "INFO")


def test_names_of_this_server_are_read_without_spaces_and_in_lower_case():
    assert load(web_hosts=" Thor.desk.lan, 10.0.0.5,,").web_names == {"thor.desk.lan", "10.0.0.5"}


def test_settings_cannot_be_changed():
    settings = load()

    with pytest.raises(ValidationError):
        settings.web_port = 1  # type: ignore[misc]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_spelling_of_a_postgres_url_names_the_driver(scheme):
    url = load(database_url=f"{scheme}://u:p@h:5432/d").database_url

    assert url.get_secret_value() == "postgresql+psycopg2://u:p@h:5432/d"


@pytest.mark.parametrize("path", ["", "/", "/0"])
def test_a_redis_url_without_a_database_means_the_first(path):
    assert load(redis_url=f"redis://:p@h:6379{path}").redis_url.get_secret_value() == "redis://:p@h:6379/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("database_url", f"mysql://u:{SECRET}@h/d"),
        ("database_url", f"postgresql:/u:{SECRET}@h/d"),
        ("database_url", f"u:{SECRET}@h/d"),
        ("database_url", f"postgresql://u:{SECRET}@h:port/d"),
        ("database_url", f"postgresql://u:{SECRET}/{SECRET}@h/d"),
        ("database_url", f"postgresql://u:{SECRET}@[::1/d"),
        ("redis_url", f"http://:{SECRET}@h:6379/0"),
        ("redis_url", f"redis://:{SECRET}@h:66379/0"),
        ("redis_url", f"redis://:{SECRET}@h:0/0"),
        ("redis_url", f"redis://:{SECRET}@h:6379/bus"),
        ("redis_url", f"redis://:{SECRET}@h:6379/1"),
        ("redis_url", f"redis://:{SECRET}@h:6379/３"),
        ("redis_url", f"redis://:{SECRET}@h:6379/2"),
        ("redis_url", f"redis://:{SECRET}/x@h:6379/0"),
        ("redis_url", f"redis://:{SECRET}"),
        ("excel_live_range", SECRET),
        ("excel_live_range", "A1:M1"),
        ("excel_live_range", "A1:XFE20"),
        ("excel_live_range", "A1:M99999"),
        ("web_port", SECRET),
        ("web_port", 0),
        ("web_port", 65536),
        ("market", SECRET),
        ("log_level", SECRET),
        ("log_format", "xml"),
        ("state_dir", "~nobody-of-this-name/x"),
        ("quote_stale_s", 0),
        ("quote_stale_s", "nan"),
        ("sse_stuck_s", "inf"),
        ("sse_heartbeat_s", 10.5),
        ("ingest_batch_size", 0),
        ("ingest_batch_size", 20_001),
        ("stream_cap", 999),
        ("web_hosts", "*"),
        ("web_hosts", "thor.desk.lan:443"),
        ("web_hosts", "https://thor.desk.lan"),
        ("web_hosts", "thor.desk.lan evil.example"),
        ("web_hosts", "thör.desk.lan"),
        ("schwab_api_url", "file:///etc/passwd"),
        ("schwab_api_url", f"https://u:{SECRET}@h"),
        ("schwab_api_url", f"https://h/?{SECRET}"),
        ("schwab_api_url", f"https://h/#{SECRET}"),
        ("schwab_api_url", "http://169.254.169.254"),
        ("premarket_ladders", "/dev/zero"),
        ("market_overrides", "/dev/zero"),
        ("session_sources", f"EXCEL,{SECRET}"),
        ("session_sources", "SIMULATED,SCHWAB"),
    ],
    ids=lambda part: str(part).replace(SECRET, "…"),
)
def test_a_bad_value_is_refused_by_the_name_of_the_setting_and_without_the_value(name, value):
    with pytest.raises(Rejected) as refused:
        load(**{name: value})

    lines = str(refused.value).splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"  {name.upper()}: ")
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_all_problems_are_told_at_once():
    with pytest.raises(Rejected) as refused:
        load(database_url=SECRET, redis_url=SECRET, web_port="eighty", market="Moon")

    told = [line.partition(":")[0].strip() for line in str(refused.value).splitlines()[1:]]
    assert sorted(told) == ["DATABASE_URL", "MARKET", "REDIS_URL", "WEB_PORT"]


def test_clients_of_the_stream_leave_threads_to_everything_else():
    with pytest.raises(Rejected, match="SSE_MAX_CLIENTS must leave 32 of WEB_THREADS"):
        load(web_threads=200, sse_max_clients=169)

    assert load(web_threads=200, sse_max_clients=168).sse_max_clients == 168


def test_a_key_of_the_env_file_that_is_no_setting_is_refused_by_name(tmp_path):
    file = tmp_path / ".env"
    file.write_text(f"WEB_PORT=8123\nREDIS_ULR=redis://:{SECRET}@h:6379/0\n")

    with pytest.raises(Rejected) as refused:
        load_settings(_env_file=file)

    assert "REDIS_ULR: there is no such setting" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_the_environment_goes_before_the_env_file(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_text("WEB_PORT=8123\n")
    monkeypatch.setenv("WEB_PORT", "8124")

    assert load_settings(_env_file=file).web_port == 8124


def test_no_secret_is_shown_with_the_settings():
    settings = load(database_url=f"postgresql://u:{SECRET}@h/d", redis_url=f"redis://:{SECRET}@h:6379/0")

    assert SECRET not in repr(settings)
    assert SECRET not in str(settings.model_dump())


def test_child_processes_inherit_the_environment(monkeypatch):
    monkeypatch.setenv("LANG", "C.UTF-8")

    assert inherited_environment()["LANG"] == "C.UTF-8"


def test_the_keys_of_the_bucket_go_together_and_are_secrets():
    with pytest.raises(Rejected, match="LAKE_BUCKET_KEY and LAKE_BUCKET_SECRET go together"):
        load_settings(_env_file=None, lake_bucket="s3://desk/thor", lake_bucket_key="DESKKEY")

    both = load_settings(
        _env_file=None, lake_bucket="s3://desk/thor", lake_bucket_key="DESKKEY", lake_bucket_secret="x1"
    )
    assert {"DESKKEY", "x1"} <= set(both.secrets)
    assert "DESKKEY" not in repr(both)
    assert both.bucket.key == "DESKKEY"


@pytest.mark.parametrize(
    "endpoint", ["http://minio.example:9000", "minio:9000", "https://a:b@minio.example", "https://minio.example/path"]
)
def test_a_store_is_reached_by_https_or_on_this_machine(endpoint):
    with pytest.raises(Rejected, match="LAKE_BUCKET_ENDPOINT: must look like https://"):
        load_settings(_env_file=None, lake_bucket_endpoint=endpoint)

    assert load_settings(_env_file=None, lake_bucket_endpoint="http://127.0.0.1:9000/").lake_bucket_endpoint[-1] == "0"
