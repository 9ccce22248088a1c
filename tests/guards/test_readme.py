import re
import shlex
import tomllib

import click
import pytest

from app import VERSION
from app.admin.mount import PREFIX
from app.factory import create_app
from app.settings import Settings
from tests.fakes import RecordingDispatch
from tests.guards.makefile import RULES
from tests.tree import ROOT, repository_files

TEXT = (ROOT / "README.md").read_text()
# Words after `flask` or `make` where they are written as code: in a block, a table or a line.
CODE = "\n".join(
    re.findall(r"```.*?\n(.*?)```", TEXT, re.DOTALL)
    + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))
)
INVOCATIONS = sorted(set(re.findall(r"(?:^|[\s/])flask ([a-z][^\n#|]*)", CODE)))
TARGETS = sorted(set(re.findall(r"\bmake ([a-z]+)", CODE)))
PROMISED = {
    "up",
    "demo",
    "status",
    "replay",
    "redis-to-postgres",
    "export-to-parquet",
    "backfill-parquet",
    "generate-bars",
}


def test_the_two_commands_come_first():
    assert TEXT.index("make demo") < TEXT.index("make test") < TEXT.index("flask ")


def test_the_readme_names_every_command_of_the_pipeline():
    assert {line.split()[0] for line in INVOCATIONS} >= PROMISED


@pytest.mark.parametrize("line", INVOCATIONS)
def test_a_command_of_the_readme_exists_with_its_options(line, commands):
    name, *words = shlex.split(line)

    assert name in commands
    command = commands[name]
    while isinstance(command, click.Group) and words:
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} - known == set()


@pytest.mark.parametrize("name", sorted({line.split()[0] for line in INVOCATIONS}))
def test_a_command_of_the_readme_explains_itself(name, application):
    answer = application.test_cli_runner().invoke(args=[name, "--help"])

    assert answer.exit_code == 0, answer.output
    assert "Usage:" in answer.output


def test_every_command_is_in_the_readme(commands):
    ours = {
        name for name, command in commands.items() if getattr(command.callback, "__module__", "").startswith("app.")
    }

    assert ours <= {line.split()[0] for line in INVOCATIONS}


def test_every_target_of_the_readme_exists():
    assert set(TARGETS) - set(RULES) == set()


def test_every_file_of_the_readme_exists():
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in target]
    known = {str(path) for path in repository_files()} | {
        f"{parent}" for path in repository_files() for parent in path.parents
    }

    assert [link for link in links if link.rstrip("/") not in known] == []


def test_every_address_of_the_readme_is_served(application):
    paths = {path.partition("?")[0] for path in re.findall(r"127\.0\.0\.1:8000(/[^\s'\"`)>]*)", TEXT)}
    adapter = application.url_map.bind("127.0.0.1")
    inside = {path for path in paths if path.startswith(f"{PREFIX}/")}

    assert inside < paths
    assert [path for path in sorted(paths - inside) if not adapter.test(path)] == []
    assert "/" in paths
    # Whoever is not logged in is sent to where that is done.
    assert {application.test_client().get(path).status_code for path in inside} == {302}


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    released = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert [project, released[0]] == [VERSION, VERSION]


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    settings = Settings(_env_file=None, state_dir=tmp_path_factory.mktemp("state"))
    return create_app(settings, RecordingDispatch())


@pytest.fixture(scope="module")
def commands(application):
    group = application.cli
    context = click.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}
