import json
import re
import shlex
from itertools import pairwise
from typing import get_args

import pytest

from app.analysis.document import REASONS
from app.analysis.findings import FIGURE_KEYS, Basis, Status
from app.analysis.measures import PARTS, PORTFOLIO_KINDS, PREDICTING_KINDS
from app.analysis.prediction.decision import NO_SKILL
from app.analysis.prediction.features import NAMES
from app.analysis.prediction.predicting import LEAST_SCORED, LEAST_USABLE
from app.analysis.question import KINDS, Parameters
from app.jobs.running import run_job
from app.jobs.service import STATUSES
from app.jobs.watching import RunLimits
from app.operations.job_health import IDLE_S
from app.settings import Settings
from tests.analyses import NOW, SteppedAnalysis, ask
from tests.fakes import FixedClock
from tests.guards.makefile import RULES
from tests.tree import ROOT

TEXT = (ROOT / "docs/analysis.md").read_text()
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    for line in re.sub(r"\\\n\s*", "", block).splitlines()
]
ADDRESS = "http://127.0.0.1:8000"
# What a part of a symbol's tree is called where the document says which kind has it.
WORDS = {
    "trend": "trend",
    "levels": "levels",
    "patterns": "candle counts",
    "indicators": "indicators",
    "volatility": "volatility",
    "regime": "regime",
    "seasonality": "seasons",
    "forecast": "forecasts",
    "risk": "risk",
}


@pytest.fixture
def clock():
    return FixedClock(NOW)


def test_the_commands_of_the_document_work_one_after_the_other(app, rt, stepped):
    numbers = {"123": ask(rt, "CL"), "1": ask(rt, "YM"), "2": ask(rt, "ES", kind="series")}
    run_job(rt, numbers["1"], RunLimits(), worker="test", analyse=SteppedAnalysis())
    shell = [line for line in LINES if line.startswith("flask") and line.split()[1:2] != ["run-analysis"]]
    runs = [line for line in LINES if line.startswith("flask run-analysis")]
    requests = [line for line in LINES if line.startswith("curl")]

    answers = {line: answer_of(app, numbered(line, numbers)) for line in [*runs[:-1], *requests, runs[-1]]}

    assert shell == []
    assert len(answers) == len(runs) + len(requests) >= 12
    assert {line: told for line, told in answers.items() if told not in (0, 200, 202)} == {}


def test_the_targets_of_the_document_exist():
    targets = {line.split()[1] for line in LINES if line.startswith("make")}

    assert targets == {"nulls"}
    assert targets <= set(RULES)


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("| `kind` |", KINDS),
        ("| `status` | |\n|---|---|\n| `pending`", STATUSES),
        ("| `status` | |\n|---|---|\n| `ok`", get_args(Status)),
        ("| `reason_code` |", tuple(REASONS)),
    ],
    ids=["kinds", "statuses of jobs", "statuses of figures", "reasons"],
)
def test_a_table_of_the_document_has_what_the_code_has_in_its_order(head, known):
    assert tuple(cells[0].strip("` ") for cells in table(head)) == tuple(known)


def test_the_parameters_of_the_document_have_the_defaults_of_the_code():
    told = {}
    for names, defaults, _ in table("| parameter |"):
        found = re.findall(r"`(\w+)`", names)
        values = [defaults] if len(found) == 1 else defaults.split(",")
        told |= dict(zip(found, (value.strip("` ") for value in values), strict=True))

    known = {name: field.default for name, field in Parameters.model_fields.items()}
    assert list(told) == list(known)
    assert {name: same(told[name], known[name]) for name in known} == {name: told[name] for name in known}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"full"}))
def test_a_kind_of_the_document_has_the_parts_of_the_code(kind):
    [words] = [cells[1] for cells in table("| `kind` |") if cells[0].strip("` ") == kind]

    assert {name for name, word in WORDS.items() if word in words} == {
        part.name for part in PARTS if kind in part.kinds
    }
    assert ("correlation" in words, "recommendation" in words) == (kind in PORTFOLIO_KINDS, kind in PREDICTING_KINDS)


def test_the_figure_of_the_document_is_one():
    figure = json.loads(re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)[1])

    made = Basis("", NOW).found(0.1, 1, "", stderr=0.1, ci=(0.0, 0.2), unit="fraction", p_value=0.1, label="a")
    assert FIGURE_KEYS <= set(figure) <= set(made.to_plain())


def test_the_settings_of_the_document_exist():
    named = {name.lower() for name in re.findall(r"`((?:ANALYSIS|STATE)_[A-Z_]+)`", TEXT)}

    assert {"analysis_time_limit_s", "analysis_memory_mb", "analysis_cache_mb"} <= named <= set(Settings.model_fields)


@pytest.mark.parametrize(
    ("words", "figures"),
    [
        ("fewer than {} bars to learn from, or {} predictions to judge by", [LEAST_USABLE, LEAST_SCORED]),
        ("the confidence is exactly {:.2f}", [NO_SKILL]),
        ("of {} features", ["eight" if len(NAMES) == 8 else len(NAMES)]),
        ("has waited for {:.0f} seconds while none showed life", [IDLE_S]),
    ],
)
def test_a_figure_of_the_text_is_that_of_the_code(words, figures):
    assert words.format(*figures) in " ".join(TEXT.split())


def answer_of(app, words):
    """How a command ended, or the status of the answer."""
    if words[0] == "flask":
        return app.test_cli_runner().invoke(args=words[1:]).exit_code
    url = next(word for word in words if word.startswith(ADDRESS)).removeprefix(ADDRESS)
    headers = dict(one.split(": ") for flag, one in pairwise(words) if flag == "-H")
    body = words[words.index("-d") + 1] if "-d" in words else None
    with app.test_client().open(url, method="POST" if body else "GET", headers=headers, data=body) as answer:
        assert answer.data
        return answer.status_code


def numbered(line, numbers):
    """The words of a line with the numbers of jobs that there are."""
    known = re.compile(r"(?<=--job-id=)\d+|(?<=/api/jobs/)\d+")
    return [known.sub(lambda told: str(numbers[told[0]]), word) for word in shlex.split(line, comments=True)]


def table(head):
    """The rows of the table that begins so, each as its cells."""
    place = TEXT.index(f"\n{head}") + 1
    rows = TEXT[place:].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def same(told, known):
    """What is told where it is the default, else the default."""
    if isinstance(known, bool):
        return told if told == json.dumps(known) else known
    if isinstance(known, int | float):
        return told if float(told) == known else known
    expected = "" if known is None else ",".join(known)
    return told if told == expected else known


@pytest.fixture
def stepped(monkeypatch, tmp_path):
    """The analysis only goes through steps, and reports are written to a folder of the test's own."""
    monkeypatch.setattr("app.analysis.engine.analyse", SteppedAnalysis())
    monkeypatch.chdir(tmp_path)
