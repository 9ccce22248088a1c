"""As whom PostgreSQL runs: it refuses root, so root starts it under another identity."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.errors import Conflict
from app.local.child import wrapped

NOBODY = 65534
_PROBE_TIMEOUT_S = 20


@dataclass(frozen=True)
class Identity:
    """A command prefix that changes who a program is, and the user who must own the files that it works on."""

    prefix: tuple[str, ...]
    owner: int


# In a user namespace of its own root is user 1000 to the server, while the files stay root's.
NAMESPACE = Identity(("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"), owner=0)
# Containers often deny user namespaces. One capability is kept, because the state directory and often the programs lie
# where only root may enter; the security bit lets access(2), by which PostgreSQL finds its programs, see it.
DROPPED = Identity(
    (
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=-all,+dac_override",
        "--securebits=+no_setuid_fixup",
        "--",
    ),
    owner=NOBODY,
)
FOR_ROOT = (NAMESPACE, DROPPED)


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
    # Through the wrapper, because the interpreter too may lie where only root can reach it.
    return _succeeds([*identity.prefix, *wrapped([str(program), "--version"], os.getpid())])


def _can_write(identity: Identity, directory: Path) -> bool:
    return _succeeds([*identity.prefix, "test", "-w", str(directory), "-a", "-x", str(directory)])


def _succeeds(command: list[str]) -> bool:
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0
