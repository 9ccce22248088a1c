"""schwab-py and authlib, without the warnings that their import means for their own authors.

To be imported where they are used: it takes a while, and most processes never talk to Schwab.
"""

import warnings

import authlib.deprecate  # noqa: F401 - It has its warnings shown always; what comes after it can say otherwise.

with warnings.catch_warnings(action="ignore"):
    from authlib.integrations.base_client.errors import OAuthError as OAuthError
    from authlib.integrations.httpx_client import OAuth2Client as OAuth2Client
    from schwab.auth import client_from_access_functions as client_from_access_functions
    from schwab.auth import get_auth_context as get_auth_context
    from schwab.client import AsyncClient as AsyncClient
    from schwab.streaming import StreamClient as StreamClient
