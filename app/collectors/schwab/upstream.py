"""schwab-py and authlib, loaded by whoever talks to Schwab and by nobody else."""

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Library:
    """What is used of the two: classes and functions by their names there."""

    OAuth2Client: Any
    OAuthError: type[Exception]
    StreamClient: Any
    client_from_access_functions: Any
    get_auth_context: Any


@cache
def library() -> Library:
    """Load them, without the warnings that their import means for their own authors.

    Among all that they import, urllib3 tries a socket: a process that does not talk to Schwab should not load it.
    """
    import authlib.deprecate  # noqa: F401 - It has its warnings shown always; what comes after it says otherwise.

    with warnings.catch_warnings(action="ignore"):
        from authlib.integrations.base_client.errors import OAuthError
        from authlib.integrations.httpx_client import OAuth2Client
        from schwab.auth import client_from_access_functions, get_auth_context
        from schwab.streaming import StreamClient

    return Library(OAuth2Client, OAuthError, StreamClient, client_from_access_functions, get_auth_context)
