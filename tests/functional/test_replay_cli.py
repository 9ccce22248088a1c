import pytest

from app.bus import keys
from app.bus.leases import acquire
from tests.private_servers import private_valkey

GOOD = "symbol,ts,seq,last\nES,2025-10-09T15:30:00Z,1,6710.25\nES,2025-10-09T15:30:00.5Z,2,6710.50\n"


@pytest.fixture
def recording(tmp_path):
    (tmp_path / "day.csv").write_text(GOOD)
    return str(tmp_path / "day.csv")


def seqs(bus):
    return [fields["seq"] for _, fields in bus.xrange(keys.STREAM)]


def test_a_replay_says_what_it_found_and_what_it_did(runner, bus, recording):
    result = runner.invoke(args=["replay", recording, "--speed", "max"])

    assert result.exit_code == 0
    assert "day.csv: 2 quotes of ES, 2025-10-09 15:30:00 to 2025-10-09 15:30:00 UTC" in result.output
    assert "Replay completed: 2 of 2 quotes published" in result.output
    assert seqs(bus) == ["1", "2"]


def test_the_recorded_pace_is_the_default_and_can_be_multiplied(runner, bus, recording):
    for speed in ([], ["--speed", "60"]):
        assert runner.invoke(args=["replay", recording, *speed]).exit_code == 0

    assert seqs(bus) == ["1", "2"] * 2


def test_as_live_the_quotes_are_of_now(runner, bus, recording):
    assert runner.invoke(args=["replay", recording, "--speed", "max", "--as-live"]).exit_code == 0

    assert all(fields["ts_origin"] == "local" for _, fields in bus.xrange(keys.STREAM))


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast", "1e9", "", "MAX"])
def test_a_speed_that_is_none_is_refused(runner, bus, recording, speed):
    result = runner.invoke(args=["replay", recording, "--speed", speed])

    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "--speed" in result.output
    assert not bus.exists(keys.STREAM)


@pytest.mark.parametrize("arguments", [[], ["--speed"], ["day.csv", "--fast"]])
def test_arguments_that_are_wrong_are_refused_in_one_line(runner, arguments):
    result = runner.invoke(args=["replay", *arguments])

    assert (result.exit_code, result.output.count("\n")) == (2, 1)


@pytest.mark.parametrize("content", ["", "PAR1", GOOD.replace("6710.50", "NaN"), GOOD.replace("seq", "number")])
def test_of_several_files_nothing_is_published_when_one_is_bad(runner, bus, recording, tmp_path, content):
    bad = tmp_path / "bad.csv"
    bad.write_text(content)

    result = runner.invoke(args=["replay", recording, str(bad), "--speed", "max"])

    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert str(bad) in result.output
    assert not bus.exists(keys.STREAM)


@pytest.mark.parametrize("name", ["none.parquet", "."])
def test_a_file_that_is_none_is_refused(runner, tmp_path, name):
    result = runner.invoke(args=["replay", str(tmp_path / name)])

    assert (result.exit_code, result.output.count("\n")) == (2, 1)


def test_a_second_replay_is_refused_and_told_who_runs(runner, bus, recording):
    acquire(bus, keys.lease("REPLAY"), keys.epoch("REPLAY"))

    result = runner.invoke(args=["replay", recording, "--speed", "max"])

    assert (result.exit_code, result.output.splitlines()[-1].startswith("error: collector:REPLAY:lease is held")) == (
        3,
        True,
    )
    assert not bus.exists(keys.STREAM)


def test_a_redis_that_forgets_is_refused(runner_on, recording, tmp_path):
    with private_valkey(tmp_path, appendonly="no") as server:
        result = runner_on(redis_url=server.url).invoke(args=["replay", recording])

    assert (result.exit_code, result.output.count("\n")) == (3, 1)
    assert "appendonly yes" in result.output


def test_a_redis_that_is_away_is_told_in_one_line(runner_on, recording):
    result = runner_on(redis_url="redis://127.0.0.1:1/0").invoke(args=["replay", recording])

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "Redis does not answer" in result.output


def test_without_any_server_it_is_told_how_to_have_one(runner_on, recording):
    result = runner_on(redis_url=None, database_url=None).invoke(args=["replay", recording])

    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "make up" in result.output
