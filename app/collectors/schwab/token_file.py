"""The file that keeps the login: whole at any instant, for its owner alone, written by one process at a time."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from pydantic import ValidationError

from app.collectors.schwab.tokens import Login, NeedsLogin
from app.errors import Rejected, Unavailable

log = logging.getLogger(__name__)

LOCK_WAIT_S: Final = 60.0
_PRIVATE: Final = 0o600
_LONGEST_BYTES: Final = 1 << 20
# A link could lead the tokens elsewhere, and the opening of a pipe would wait for good. Windows has neither flag.
_SAFELY: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class TokenFile:
    """A login on disk, with the one before it in `<name>.previous`; both of mode 0600 where the system has modes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous = path.with_name(f"{path.name}.previous")
        self._told_of_damage = False

    def read(self) -> Login | None:
        """The login; the previous one where the file is damaged, and None where there is no file.

        NeedsLogin when both are damaged. Rejected when it is no plain file. Others' right to read it is taken away.
        """
        try:
            return _load(self.path)
        except _Damaged as error:
            damage = str(error)
        try:
            login = _load(self.previous)
        except _Damaged:
            login = None
        if login is None:
            raise NeedsLogin(f"{self.path} {damage}, and there is no good copy: run `flask schwab-login`")
        if not self._told_of_damage:
            self._told_of_damage = True
            log.warning("%s %s: the previous copy is used", self.path, damage)
        return login

    @contextmanager
    def held(self, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
        """Hold the right to write, across processes and threads; it ends with its holder.

        Unavailable when another one has it for all of `wait_s`, or the folder cannot be written.
        """
        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), mode=_PRIVATE, timeout=wait_s)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise Unavailable(f"another process has been at {self.path} for {wait_s:g} s: try again") from None
        except OSError as error:
            raise Unavailable(f"cannot use {self.path.parent}: {error.strerror or error}") from None
        try:
            yield
        finally:
            lock.release()

    def write(self, login: Login) -> None:
        """Put a login into the file, and the one that was there into the previous copy; only while `held`.

        A crash at any instant leaves the old or the new one, whole. Unavailable when the disk does not take it.
        """
        try:
            try:
                before = _load(self.path)
            except _Damaged:  # No copy of it is worth the place of a good one.
                before = None
            if before is not None:
                _replace(self.previous, _content(before))
            _replace(self.path, _content(login))
        except OSError as error:
            raise Unavailable(f"cannot write {self.path}: {error.strerror or error}") from None


class _Damaged(Exception):
    pass


def _load(path: Path) -> Login | None:
    if path.is_symlink():
        raise Rejected(f"{path} is a symbolic link: put the file itself there, or set SCHWAB_TOKEN_FILE to its place")
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | _SAFELY), "rb") as file:
            _claim(path, file.fileno())
            content = file.read(_LONGEST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Rejected(f"cannot read {path}: {error.strerror or error}") from None
    try:
        return Login.model_validate_json(content)
    except ValidationError:
        raise _Damaged("is damaged") from None


def _claim(path: Path, file: int) -> None:
    state = os.fstat(file)
    if not stat.S_ISREG(state.st_mode):
        raise Rejected(f"{path} is no plain file: set SCHWAB_TOKEN_FILE to another place")
    if os.name == "posix" and state.st_mode & 0o077:
        log.warning("%s could be read by others: it is yours alone now; if they may have, log in anew", path)
        os.fchmod(file, _PRIVATE)


def _content(login: Login) -> bytes:
    return login.model_dump_json(indent=2).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    # Always the same name, so that killed writers leave one at most; the lock keeps it to one writer.
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY, _PRIVATE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
