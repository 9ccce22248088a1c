"""Who types the commands, and keeping on record what they did."""

import getpass
import logging
import os
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from app.access.audit import record
from app.runtime import Runtime

log: Final = logging.getLogger(__name__)


def actor() -> str:
    """The name of the user of this process."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # A container may know no name for its user.
        return f"user {os.getuid()}"


def note_command(rt: Runtime, name: str, subject: str, **facts: Any) -> None:
    """Add a row to the audit about a command that begins; where that fails, a line of the log says so."""
    try:
        with rt.sessions.begin() as session:
            record(session, rt.clock.now(), actor(), f"flask {name}", subject, facts=facts)
    except SQLAlchemyError as error:
        log.warning("not on record: flask %s %s: %s", name, subject, type(error).__name__)
