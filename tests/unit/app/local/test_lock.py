import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import Conflict
from app.local.lock import hold_lock, holder, own_directory

WINDOWS = """
import app.local.stack, app.local.supervisor
for name in [name for name in sys.modules if name.startswith("app.")]:
    del sys.modules[name]
sys.platform, sys.modules["fcntl"] = "win32", None
import app.local.stack, app.local.supervisor, app.local.lock
from pathlib import Path
from app.errors import Conflict
try:
    with app.local.lock.hold_lock(Path(sys.argv[1])):
        print("held")
except Conflict as refusal:
    print(refusal)
print(app.local.state.read_servers(Path(sys.argv[1])))
"""


def test_a_second_holder_is_refused_and_told_the_pid_of_the_first(tmp_path: Path) -> None:
    with hold_lock(tmp_path), pytest.raises(Conflict, match=rf"pid {os.getpid()}\b.*flask status.*kill {os.getpid()}"):
        _hold(tmp_path)


def test_the_lock_is_free_again_after_its_block(tmp_path: Path) -> None:
    with hold_lock(tmp_path):
        pass

    _hold(tmp_path)


def test_the_holder_is_known_while_it_holds_and_only_then(tmp_path: Path) -> None:
    before = holder(tmp_path)
    with hold_lock(tmp_path):
        meanwhile = holder(tmp_path)

    assert (before, meanwhile, holder(tmp_path)) == (None, os.getpid(), None)


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    _hold(tmp_path / "deep" / "var")

    assert stat.S_IMODE((tmp_path / "deep" / "var").stat().st_mode) == 0o700


def test_a_directory_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242)

    with pytest.raises(Conflict, match=f"belongs to user {os.getuid()}: run as that user"):
        own_directory(tmp_path)


def test_a_file_in_the_directory_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")

    with pytest.raises(Conflict, match="cannot use the state directory"):
        _hold(tmp_path / "var")


def test_windows_imports_everything_and_is_refused_with_one_line(tmp_path: Path) -> None:
    script = "import sys\nsys.path.insert(0, sys.argv[2])\n" + WINDOWS
    root = str(Path(__file__).parents[4])

    answer = subprocess.run([sys.executable, "-c", script, str(tmp_path), root], capture_output=True, text=True)

    assert answer.stderr == ""
    assert answer.stdout.splitlines() == [
        "flask up does not run on Windows: use docker compose or WSL, and flask excel-to-redis here",
        "None",
    ]


def _hold(state_dir: Path) -> None:
    with hold_lock(state_dir):
        pass
