import pytest

from app.errors import Rejected
from app.exposure import exposure_problems
from app.settings import load_settings

STRONG = "3f0c9a7be2d14c6f8a51"
URL = "postgresql://thor_user:{}@db.lan/thor_db"


def test_every_problem_is_named_without_its_value():
    addresses = {"DATABASE_URL": URL.format("thor_password"), "REDIS_URL": "redis://redis.lan:6379/0"}

    found = list(exposure_problems(addresses, "thor:flower", True))

    assert [text.partition(":")[0] for text in found] == [
        "FLASK_DEBUG",
        "DATABASE_URL",
        "REDIS_URL",
        "FLOWER_BASIC_AUTH",
    ]
    assert not any("thor_password" in text or "thor:flower" in text for text in found)


@pytest.mark.parametrize(
    ("environment", "told", "word"),
    [
        ({"FLASK_DEBUG": "1"}, {}, "FLASK_DEBUG"),
        ({}, {"database_url": URL.format("thor_password")}, "DATABASE_URL"),
        ({}, {"redis_url": "redis://:redis@redis.lan:6379/0"}, "REDIS_URL"),
        ({"FLOWER_BASIC_AUTH": "thor:thor"}, {}, "FLOWER_BASIC_AUTH"),
    ],
)
def test_thor_does_not_start_for_other_machines_with_what_anybody_could_guess(monkeypatch, environment, told, word):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(Rejected, match=word):
        load_settings(_env_file=None, web_host="0.0.0.0", **told)

    assert load_settings(_env_file=None, **told).is_local


def test_good_secrets_are_enough_for_other_machines(monkeypatch):
    monkeypatch.setenv("FLOWER_BASIC_AUTH", f"thor:{STRONG}")
    redis = f"redis://:{STRONG}@redis.lan:6379/0"

    told = load_settings(_env_file=None, web_host="0.0.0.0", database_url=URL.format(STRONG), redis_url=redis)

    assert (told.is_local, told.reads_anonymously) == (False, False)


@pytest.mark.parametrize(
    ("told", "reads"),
    [({}, True), ({"anonymous_reads": False}, False), ({"web_host": "::1"}, True), ({"web_host": "0.0.0.0"}, False),
     ({"web_host": "0.0.0.0", "anonymous_reads": True}, True)],
)  # fmt: skip
def test_nobody_in_particular_reads_where_only_this_machine_listens_unless_told_otherwise(told, reads):
    assert load_settings(_env_file=None, **told).reads_anonymously is reads
