from importlib.metadata import PackageNotFoundError

import pytest

from app.operations.doctor.software import PINS as PINS_FILE
from app.operations.doctor.software import check_dashboard, check_packages, check_python, check_time_zones
from tests.servers import ROOT

PINS = """
alembic==1.20.1 \\
    --hash=sha256:83490def1f723413db5096591f7609ac52544805be93849170088ed04f5a2e0b \\
    --hash=sha256:9970712cfb81ea26c8658d378aaa5b8f6ff9146e5bb111d70497c164016cf598
    # via flask-migrate
gone==2.0 ; sys_platform == 'never'
redis[hiredis]==8.1.0
"""


def installed(**versions):
    def version(name):
        if name not in versions:
            raise PackageNotFoundError(name)
        return versions[name]

    return version


@pytest.fixture
def pins(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text(PINS)
    return path


@pytest.mark.parametrize(("found", "level"), [((3, 10, 9), "wrong"), ((3, 11, 0), "ok"), ((3, 14, 1), "ok")])
def test_python_is_new_enough_or_not(found, level):
    assert check_python(found).level == level


def test_packages_in_their_pinned_versions_are_ok_and_those_of_other_systems_are_not_asked_for(pins):
    found = check_packages(pins, installed(alembic="1.20.1", redis="8.1.0"))

    assert (found.level, found.detail) == ("ok", "2 packages as pinned")


@pytest.mark.parametrize(
    ("versions", "level", "said"),
    [
        ({"alembic": "1.20.1"}, "wrong", "missing: redis"),
        ({"alembic": "1.20.1", "redis": "7.9.0"}, "wrong", "redis 7.9.0 instead of 8.1.0"),
        ({"alembic": "1.19.0", "redis": "8.1.0"}, "warning", "alembic 1.19.0 instead of 1.20.1"),
    ],
)
def test_a_package_that_is_missing_or_of_another_version_is_named_with_the_command(pins, versions, level, said):
    found = check_packages(pins, installed(**versions))

    assert found.level == level
    assert said in found.detail
    assert found.fix.endswith(f"-m pip install -r {pins}")


def test_the_packages_of_this_installation_are_looked_at():
    found = check_packages(ROOT / PINS_FILE)

    assert found.level == "ok"
    assert int(found.detail.split()[0]) > 50


def test_a_file_that_pins_nothing_says_nothing_of_the_packages(tmp_path):
    (tmp_path / "requirements.txt").write_text("redis>=8\n")

    assert check_packages(tmp_path / "requirements.txt").level == "unknown"


def test_without_pins_the_packages_are_not_known(tmp_path):
    assert check_packages(tmp_path / "requirements.txt").level == "unknown"


def test_a_time_zone_without_data_is_wrong():
    assert check_time_zones(["America/Chicago"]).level == "ok"
    found = check_time_zones(["America/Chicago", "America/Gotham"])
    assert (found.level, "America/Gotham" in found.detail, "tzdata" in found.fix) == ("wrong", True, True)


def test_a_dashboard_without_its_page_is_not_built(tmp_path):
    page = tmp_path / "index.html"

    assert check_dashboard(page).level == "warning"
    page.touch()
    assert check_dashboard(page).level == "ok"
