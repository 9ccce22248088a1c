import json

import pytest

from tests.checks import Failed, Skipped, judge_audit, run_checks, tool, unhashed, unpinned


def test_a_failed_check_does_not_stop_the_rest(capsys):
    def bad():
        raise Failed("the reason")

    code = run_checks({"first": lambda: "fine", "second": bad, "third": lambda: "fine too"})

    said = capsys.readouterr().out
    assert code == 1
    assert "    the reason" in said
    assert "third         ok" in said
    assert said.splitlines()[-1].endswith("FAILED: second")


def test_a_check_that_breaks_has_failed(capsys):
    assert run_checks({"broken": lambda: str(1 / 0)}) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_a_skipped_check_is_named_and_does_not_fail(capsys):
    def away():
        raise Skipped("no network")

    assert run_checks({"audit": away}) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("skipped: audit")


def test_a_tool_that_complains_fails_with_what_it_said():
    with pytest.raises(Failed, match="boom"):
        tool("python", "-c", "import sys; sys.exit('boom')")


def test_a_tool_that_is_not_there_fails_with_what_to_do():
    with pytest.raises(Failed, match="make setup"):
        tool("no-such-tool")


@pytest.mark.parametrize(
    ("direct", "pins", "problem"),
    [
        (["flask>=3"], "", "flask is not there"),
        (["flask>=3"], "flask>=3.1", "flask>=3.1 is not pinned"),
        (["flask>=3"], "flask==3.*", "is not pinned"),
        (["flask>=3"], "flask==2.9.1", "flask is pinned to 2.9.1, but pyproject.toml asks >=3"),
        ([], "-e .", "-e . is not a requirement"),
    ],
)
def test_a_loose_dependency_is_reported(direct, pins, problem):
    assert any(problem in found for found in unpinned(direct, pins))


def test_a_pin_without_a_hash_is_reported():
    hashed = f"numpy==2.4.6 \\\n    --hash=sha256:{'0f' * 32} \\\n    --hash=sha256:{'1e' * 32}\n    # via thor\n"

    assert unhashed(hashed) == []
    assert unpinned(["numpy>=2.4"], hashed) == []
    assert unhashed(f"{hashed}redis==8.1.0 ; python_version < '3.12'\n") == ["redis==8.1.0 ; python_version < '3.12'"]
    assert unhashed(f"redis==8.1.0 --hash=md5:{'0f' * 16}") != []
    assert unhashed(f"redis==8.1.0 --hash=sha256:{'0f' * 31}") != []


def test_pins_that_satisfy_everything_are_fine():
    pins = "# comment\nFlask_Thing==3.1.0\n    # via thor\nnumpy==2.4.6 ; python_full_version < '3.12'\nnumpy==2.5.5\n"

    assert unpinned(["flask-thing[extra]>=3,<4", "numpy>=2.4"], pins) == []


def test_a_vulnerable_package_fails_the_audit():
    vulnerability = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    report = {"dependencies": [{"name": "thing", "version": "1.0", "vulns": [vulnerability]}]}

    with pytest.raises(Failed, match=r"thing 1\.0: PYSEC-1 \(mended in 2\.0\)"):
        judge_audit(json.dumps(report), "")


def test_an_audit_that_looked_nothing_up_is_not_passed():
    report = {"dependencies": [{"name": "thing", "skip_reason": "not found"}]}

    with pytest.raises(Skipped):
        judge_audit(json.dumps(report), "")


def test_only_a_service_that_is_away_excuses_the_audit():
    with pytest.raises(Skipped):
        judge_audit("", "requests.exceptions.ConnectionError: Max retries exceeded")
    with pytest.raises(Failed, match="invalid requirement"):
        judge_audit("", "invalid requirement")


def test_a_clean_audit_says_how_much_it_knew():
    packages = [{"name": "a", "version": "1", "vulns": []}, {"name": "ours", "skip_reason": "not found"}]

    assert judge_audit(json.dumps({"dependencies": packages}), "").startswith("1 of 2 packages")
