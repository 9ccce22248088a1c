"""Running a command as in a container with `read_only: true`: the disk can be read, and a few folders written."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.tree import ROOT

# What stands behind `--` is run. Folders that are mounted on themselves keep their rights when all others lose them.
_SEAL = """
set -eu
mount --make-rprivate /
while [ "$1" != -- ]; do mount --bind "$1" "$1"; shift; done
shift
for place in / /tmp /var /home /root "$SEALED"; do
    mountpoint -q "$place" && mount -o remount,bind,ro "$place" 2>/dev/null || true
done
if touch "$SEALED/.sealed" 2>/dev/null; then rm "$SEALED/.sealed"; echo "the disk can be written" >&2; exit 120; fi
exec "$@"
"""


def sealed(command: list[str], *writable: Path) -> list[str]:
    """The command line that runs this command with a disk that it cannot write, but for these folders."""
    program = ["env", f"SEALED={ROOT}", "sh", "-c", _SEAL, "sealed", *map(str, writable), "--", *command]
    return [*_namespace(), *program]


@cache
def can_seal() -> bool:
    """Whether this machine lets us."""
    if shutil.which("unshare") is None:
        return False
    answer = subprocess.run(sealed(["true"]), capture_output=True, check=False, timeout=20)
    return answer.returncode == 0


def _namespace() -> list[str]:
    return ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--"]
