"""What `make check` runs: each check in turn, a line for each, and a summary. One that fails does not stop the rest."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from alembic.script import ScriptDirectory
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from tests.dashboard_build import build_problems
from tests.servers import TestServers, start_test_servers
from tests.tree import ROOT, repository_files

BIN = Path(sys.executable).parent
BASELINE = ".secrets.baseline"
LIMIT_S = 300.0
AUDIT_ANSWER_S, AUDIT_LIMIT_S = 15, 60.0
STOP_DEADLINE_S = 20.0
SHOWN_LINES = 60
# What pip-audit's error says when the service, and not a package, is the trouble.
NO_ANSWER = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "ServiceError", "Max retries exceeded", "ProxyError")


class Failed(Exception):
    """The check found something; the text says what."""


class Skipped(Exception):
    """The check could not be made, for a reason that is not the project's."""


@dataclass(frozen=True)
class Outcome:
    """How a check ended."""

    name: str
    verdict: str
    detail: str
    seconds: float


Check = Callable[[], str]


def main() -> int:
    """Run all checks; 1 when one of them failed, else 0."""
    checks: dict[str, Check] = {
        "format": lambda: tool("ruff", "format", "--check", "."),
        "lint": lambda: tool("ruff", "check", "."),
        "types": lambda: tool("mypy"),
        "layers": lambda: tool("lint-imports", "--no-logo"),
        "migrations": check_migrations,
        "secrets": check_secrets,
        "requirements": check_requirements,
        "dashboard": check_dashboard,
        "installed": lambda: tool("python", "-m", "pip", "check"),
        "audit": check_audit,
    }
    return run_checks(checks)


def run_checks(checks: Mapping[str, Check]) -> int:
    """Run these checks, tell of each as it ends, and sum up; 1 when one of them failed, else 0."""
    outcomes = []
    for name, check in checks.items():
        outcome = _outcome(name, check)
        outcomes.append(outcome)
        first, *more = outcome.detail.splitlines() or [""]
        if outcome.verdict == "FAILED":
            first, more = "", outcome.detail.splitlines()[-SHOWN_LINES:]
        print(f"{name:<13} {outcome.verdict:<8} {outcome.seconds:5.1f} s  {first}".rstrip(), flush=True)
        if outcome.verdict == "FAILED":
            print(textwrap.indent("\n".join(more), "    "), flush=True)
    return _sum_up(outcomes)


def _outcome(name: str, check: Check) -> Outcome:
    began = time.monotonic()
    try:
        verdict, detail = "ok", check()
    except Skipped as reason:
        verdict, detail = "skipped", str(reason)
    except Failed as reason:
        verdict, detail = "FAILED", str(reason)
    except Exception as error:
        verdict, detail = "FAILED", f"the check itself broke: {type(error).__name__}: {error}"
    return Outcome(name, verdict, detail, time.monotonic() - began)


def _sum_up(outcomes: list[Outcome]) -> int:
    by_verdict = {
        verdict: [o.name for o in outcomes if o.verdict == verdict] for verdict in ("ok", "skipped", "FAILED")
    }
    parts = [f"{len(by_verdict['ok'])} of {len(outcomes)} checks passed in {sum(o.seconds for o in outcomes):.0f} s"]
    parts += [f"{verdict}: {', '.join(names)}" for verdict, names in by_verdict.items() if names and verdict != "ok"]
    print("; ".join(parts), flush=True)
    return 1 if by_verdict["FAILED"] else 0


def tool(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a program of the virtual environment in the repository; the last line it said, or Failed with all of it."""
    command = [str(BIN / name), *arguments]
    try:
        answer = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
    except FileNotFoundError:
        raise Failed(f"{name} is not installed here: run make setup") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} did not end within {LIMIT_S:.0f} s") from None
    said = (answer.stdout + answer.stderr).strip()
    if answer.returncode:
        raise Failed(said or f"{name} ended with {answer.returncode} and said nothing")
    return said.splitlines()[-1] if said else ""


def check_migrations() -> str:
    """The migrations have one head and make exactly the tables that the models describe, on a real PostgreSQL."""
    heads = ScriptDirectory(str(ROOT / "migrations")).get_heads()
    if len(heads) != 1:
        raise Failed(f"there are {len(heads)} heads: {', '.join(heads)}; rebase one of them on the other")
    with scratch_servers() as servers:
        find_drift(servers.database_url, servers.redis_url)
    return f"one head, {heads[0]}, no drift"


def find_drift(database_url: str, redis_url: str) -> None:
    """Bring an empty database up to date; Failed when that breaks or a model and its table differ afterwards."""
    environment = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url, "LOG_LEVEL": "WARNING"}
    for step in ("upgrade", "check"):
        tool("flask", "db", step, environment=environment)


@contextlib.contextmanager
def scratch_servers() -> Iterator[TestServers]:
    """Empty servers for the length of the block."""
    folder = Path(tempfile.mkdtemp(prefix="thor-check-"))
    try:
        servers = start_test_servers(folder)
        try:
            yield servers
        finally:
            servers.stop()
            _wait_until_gone(folder / "state")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_gone(folder: Path) -> None:
    deadline = time.monotonic() + STOP_DEADLINE_S
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def check_secrets() -> str:
    """No file of the repository holds what looks like a secret and is not in the baseline."""
    names = [str(path) for path in repository_files() if str(path) != BASELINE]
    with tempfile.TemporaryDirectory() as folder:
        # The tool writes moved line numbers back into the baseline that it is given, and then ends with 3.
        baseline = shutil.copy(ROOT / BASELINE, folder)
        command = [str(BIN / "detect-secrets-hook"), "--no-verify", "--baseline", baseline, *names]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if answer.returncode not in (0, 3):
        said = (answer.stdout + answer.stderr).strip()
        accept = f"detect-secrets scan -n --slim --baseline {BASELINE}"
        raise Failed(f"{said}\nWhat is no secret goes into the baseline, after git add: .venv/bin/{accept}")
    return f"{len(names)} files"


def check_requirements() -> str:
    """Everything that pyproject.toml names is pinned, nothing is loose, and every pin has its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = (ROOT / "requirements.txt").read_text()
    pinned_dev = (ROOT / "requirements-dev.txt").read_text()
    direct = project["project"]["dependencies"]
    problems = [f"requirements.txt: {problem}" for problem in unpinned(direct, pinned)]
    direct_dev = [*direct, *project["dependency-groups"]["dev"]]
    problems += [f"requirements-dev.txt: {problem}" for problem in unpinned(direct_dev, pinned_dev)]
    problems += [f"requirements.txt: {pin} has no hash" for pin in unhashed(pinned)]
    problems += [f"requirements-dev.txt: {pin} has no hash" for pin in unhashed(pinned_dev)]
    apart = sorted(_versions(pinned) - _versions(pinned_dev))
    problems += [f"requirements-dev.txt has not {pin}, which requirements.txt has" for pin in apart]
    if problems:
        raise Failed("\n".join([*problems, "run make lock and commit both files"]))
    return f"{len(direct)} direct dependencies, {len(_requirement_lines(pinned))} pins"


def unpinned(direct: list[str], text: str) -> list[str]:
    """What is wrong with a list of pins: lines that are no pin, and direct dependencies that it does not satisfy."""
    problems, pins = [], []
    for line in _requirement_lines(text):
        try:
            pin = Requirement(line)
        except InvalidRequirement:
            problems.append(f"{line} is not a requirement")
            continue
        if [part.operator for part in pin.specifier] != ["=="] or "*" in str(pin.specifier):
            problems.append(f"{line} is not pinned with ==")
        pins.append(pin)
    for wish in map(Requirement, direct):
        found = [pin for pin in pins if canonicalize_name(pin.name) == canonicalize_name(wish.name)]
        versions = [part.version for pin in found for part in pin.specifier]
        if not found:
            problems.append(f"{wish.name} is not there")
        elif not all(wish.specifier.contains(version, prereleases=True) for version in versions):
            problems.append(f"{wish.name} is pinned to {', '.join(versions)}, but pyproject.toml asks {wish.specifier}")
    return problems


def unhashed(text: str) -> list[str]:
    """The pins of a list without a SHA-256, which pip would install whatever came."""
    return [line for line in _whole_lines(text) if not re.search(r" --hash=sha256:[0-9a-f]{64}(?= |$)", line)]


def _requirement_lines(text: str) -> list[str]:
    return [line.partition(" --hash=")[0].strip() for line in _whole_lines(text)]


def _whole_lines(text: str) -> list[str]:
    lines = re.sub(r"\s*\\\n\s*", " ", text).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _versions(text: str) -> set[str]:
    return {line.partition(";")[0].strip() for line in _requirement_lines(text)}


def check_dashboard(root: Path = ROOT) -> str:
    """The dashboard's built files are those of its source, and all of them are there."""
    if problems := build_problems(root):
        raise Failed("\n".join([*problems, "run make dashboard and commit what it writes"]))
    return "built from the source as it is"


def check_audit() -> str:
    """No pinned version has a known vulnerability; Skipped where the service that knows them cannot be reached."""
    command = [str(BIN / "pip-audit"), "-r", "requirements.txt", "--no-deps", "--disable-pip", "-f", "json"]
    command += ["--progress-spinner", "off", "--timeout", str(AUDIT_ANSWER_S)]
    try:
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=AUDIT_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise Skipped("the vulnerability service is not reachable: no answer in time") from None
    return judge_audit(answer.stdout, answer.stderr)


def judge_audit(report: str, errors: str) -> str:
    """Read pip-audit's JSON; what was audited, or Failed with the vulnerabilities, or Skipped when nothing was."""
    try:
        packages = json.loads(report)["dependencies"]
    except ValueError:
        if any(word in errors for word in NO_ANSWER):
            raise Skipped("the vulnerability service is not reachable") from None
        raise Failed(errors.strip() or "pip-audit said nothing") from None
    audited = [package for package in packages if "vulns" in package]
    if not audited:
        raise Skipped("the vulnerability service is not reachable: it knows none of the packages")
    found = [f"{p['name']} {p['version']}: {v['id']} {_fix(v)}" for p in audited for v in p["vulns"]]
    if found:
        raise Failed("\n".join(found))
    return f"{len(audited)} of {len(packages)} packages known there, none vulnerable"


def _fix(vulnerability: Mapping[str, list[str]]) -> str:
    versions = vulnerability.get("fix_versions")
    return f"(mended in {', '.join(versions)})" if versions else "(no fix yet)"


if __name__ == "__main__":
    sys.exit(main())
