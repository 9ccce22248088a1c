"""As whom PostgreSQL runs: it refuses root, so root starts it under another identity."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.errors import Conflict

NOBODY = 65534
_PROBE_TIMEOUT_S = 20
_AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


@dataclass(frozen=True)
class Identity:
    """A command prefix that changes who a program is, and the user who must own the files that it works on."""

    prefix: tuple[str, ...]
    owner: int


# In a user namespace of its own root is user 1000 to the server, while the files stay root's.
NAMESPACE = Identity(("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"), owner=0)
# Containers often deny user namespaces.
DROPPED = Identity((*_AS_NOBODY, "--"), owner=NOBODY)
# For data or programs below a directory that only root may enter, such as /root: one capability is kept.
DROPPED_WITH_REACH = Identity(
    (*_AS_NOBODY, "--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"), owner=NOBODY
)
FOR_ROOT = (NAMESPACE, DROPPED, DROPPED_WITH_REACH)


def choose_identity(program: Path, directory: Path, candidates: tuple[Identity, ...] = FOR_ROOT) -> Identity:
    """Under whom to run a program that works in this directory: as we are, unless we are root.

    For root it is the first candidate that can run the program and, once it owns the directory, write there.
    The directory must exist and be empty or the program's own; root hands it over. Conflict when no candidate can.
    """
    if os.geteuid() != 0:
        return Identity((), owner=os.geteuid())
    for identity in candidates:
        if shutil.which(identity.prefix[0]) and _can_run(identity, program):
            hand_over(directory, identity)
            if _can_write(identity, directory):
                return identity
    raise Conflict(
        f"PostgreSQL does not run as root, and no other identity can run it on {directory}: "
        "run flask up as a plain user, or set DATABASE_URL"
    )


def hand_over(directory: Path, identity: Identity) -> None:
    """Make the identity's user the owner of a directory and all that is in it; nothing to do for a plain user."""
    if os.geteuid() != 0 or directory.stat().st_uid == identity.owner:
        return
    for path in directory.rglob("*"):
        os.chown(path, identity.owner, identity.owner, follow_symlinks=False)
    # Last, so that an interrupted hand-over is done again.
    os.chown(directory, identity.owner, identity.owner)


def _can_run(identity: Identity, program: Path) -> bool:
    return _succeeds([*identity.prefix, str(program), "--version"])


def _can_write(identity: Identity, directory: Path) -> bool:
    return _succeeds([*identity.prefix, "test", "-w", str(directory), "-a", "-x", str(directory)])


def _succeeds(command: list[str]) -> bool:
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0
