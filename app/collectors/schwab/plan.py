"""Who we are to Schwab, and what is asked of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SchwabPlan:
    """The application's credentials, where its token is kept, and which API is asked.

    `refresh_token` is a first token for where there is none in `token_file`. `symbols` are canonical; without any the
    watchlist is collected.
    """

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)
    redirect_uri: str
    token_file: Path
    api_url: str = "https://api.schwabapi.com"
    refresh_token: str | None = field(default=None, repr=False)
    symbols: Sequence[str] = ()
