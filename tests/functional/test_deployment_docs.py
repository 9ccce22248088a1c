"""docs/deployment.md: its commands, its tables and its files are those of the repository."""

import re
import shlex
import shutil
import subprocess

import pytest

from app.factory import create_app
from app.local.ports import free_port
from app.operations.database_rights import READERS
from app.settings import Settings
from tests.fakes import RecordingDispatch
from tests.guards.compose import document, services
from tests.tree import ROOT

TEXT = (ROOT / "docs/deployment.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def test_the_commands_of_the_desk_exist_with_their_options(tmp_path):
    application = create_app(Settings(_env_file=None, state_dir=tmp_path), RecordingDispatch())
    runner = application.test_cli_runner()
    asked = [shlex.split(line.partition(" desk flask ")[2]) for line in LINES if " desk flask " in line]

    assert len(asked) >= 5
    for name, *more in asked:
        command = [name, more.pop(0)] if name in ("user", "key") else [name]
        helped = runner.invoke(args=[*command, "--help"])
        named = [option.partition("=")[0] for option in more if option.startswith("--")]
        assert (helped.exit_code, [option for option in named if option not in helped.output]) == (0, [])


def test_what_docker_is_asked_for_is_a_service_or_a_profile():
    known = {*services(), *(profile for told in services().values() for profile in told.get("profiles", ()))}
    words = [word for line in LINES if line.startswith("docker compose") for word in line.split()[2:]]
    named = {words[place + 1] for place, word in enumerate(words) if word in ("--rm", "--profile")}

    assert named == {"desk", "monitoring"}
    assert named <= known


def test_the_secrets_are_made_by_the_command_of_the_page(tmp_path):
    [first] = [line for line in LINES if line == "sh deploy/secrets.sh"]
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")

    subprocess.run(shlex.split(first), cwd=tmp_path, check=True)

    assert {path.name for path in (tmp_path / "secrets").iterdir()} == set(document()["secrets"])


def test_the_table_of_secrets_has_every_file():
    table = TEXT.partition("## Secrets")[2].partition("## ")[0]
    told = re.findall(r"`([\w<>]+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE)))

    patterns = [name.replace("<role>", r"\w+") for name in told]
    assert [name for name in document()["secrets"] if not any(re.fullmatch(p, name) for p in patterns)] == []


def test_the_table_of_roles_has_every_role():
    told = re.findall(r"^\| `(\w+)` \| .+ \| .+ \|$", TEXT.partition("## Who may what")[2], re.MULTILINE)
    users = re.findall(r"^user thor_(\w+) ", (ROOT / "deploy/redis/users.acl").read_text(), re.MULTILINE)

    assert set(told) == set(users) - {"admin"}
    assert set(READERS) < set(told)


def test_the_ports_of_the_page_are_published():
    published = {port.split(":")[1] for told in services().values() for port in told.get("ports", ())}
    told = set(re.findall(r"\b(?:port |on |web server on )(\d{4})\b", TEXT))

    assert {"5433", "6379", "8000", "5555"} <= told
    assert {port for port in told if port not in published} <= {"5432"}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"/opt/thor/((?:deploy|docker)[\w./-]+)\b", TEXT))))
def test_a_file_of_an_installation_is_in_the_repository(path):
    assert (ROOT / path).exists() or list((ROOT / path).parent.glob(f"{(ROOT / path).name}*"))


def test_the_units_are_put_where_systemd_finds_them(tmp_path):
    [line] = [line for line in LINES if line.startswith("cp -r /opt/thor/deploy/systemd/thor* ")]
    command = line.replace("/opt/thor", str(ROOT)).replace("/etc/systemd/system/", str(tmp_path))

    subprocess.run(command, shell=True, check=True)

    enabled = re.findall(r"systemctl enable --now (\S+?)(?:`|$)", TEXT, re.MULTILINE)
    assert set(enabled) == {"thor.service", "thor.target", "thor-backup.timer"}
    assert all((tmp_path / name).is_file() for name in enabled)
    assert (tmp_path / "thor-worker@export.service.d" / "computes.conf").is_file()


def test_nginx_understands_the_proxy_and_holds_no_quote_back(tmp_path):
    text = (ROOT / "deploy/nginx/thor.conf").read_text()
    stream = text.partition("location = /api/quotes/stream {")[2].partition("}")[0]

    assert "proxy_buffering off;" in stream
    assert "gzip off;" in stream
    if not shutil.which("nginx") or not shutil.which("openssl"):
        pytest.skip("there is no nginx here to read it")
    for kind in ("fullchain", "privkey"):
        text = text.replace(f"/etc/ssl/thor/{kind}.pem", str(tmp_path / f"{kind}.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=thor.example.com",
         "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    for port in ("80", "443"):
        text = text.replace(f"listen {port}", f"listen 127.0.0.1:{free_port()}")
    folders = "".join(f"{kind}_temp_path {tmp_path};\n" for kind in TEMPORARY)
    whole = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}{text}\n}}\n"
    (tmp_path / "nginx.conf").write_text(whole)

    answer = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-e", "stderr", "-c", tmp_path / "nginx.conf"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert answer.returncode == 0, answer.stderr
