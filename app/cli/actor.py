"""Who types the commands."""

import getpass
import os


def actor() -> str:
    """The name of the user of this process."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # A container may know no name for its user.
        return f"user {os.getuid()}"
