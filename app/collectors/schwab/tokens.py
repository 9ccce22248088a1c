"""What a login at Schwab gives, and for how long it is good."""

from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from app.errors import Conflict

LOGIN_LASTS: Final = timedelta(days=7)  # From the login on; refreshing does not prolong it (Schwab's OAuth guide).
ACCESS_LASTS_S: Final = 1800
LEEWAY_S: Final = 300


class NeedsLogin(Conflict):
    """Schwab gives nothing before a person logs in again; the text names the command."""


class Grant(BaseModel):
    """The tokens, as Schwab's token endpoint gives them; `expires_at` of the access token is epoch seconds."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    access_token: str = Field(min_length=1, repr=False)
    refresh_token: str = Field(min_length=1, repr=False)
    expires_in: int = Field(default=ACCESS_LASTS_S, gt=0)
    expires_at: int

    def __repr_args__(self) -> list[tuple[str | None, object]]:
        return [("expires_at", self.expires_at)]  # What else came with them may be secret too.


class Login(BaseModel):
    """What is kept of a login: schwab-py's form, `creation_timestamp` being the login's epoch seconds.

    Where it is not known when the login was made, it is when the login was first used, and `login_known` is false.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    creation_timestamp: int = Field(ge=0, le=253_402_300_799)
    token: Grant
    login_known: bool = True

    @property
    def expires_at(self) -> datetime:
        """When Schwab asks for a new login: 7 days after it at the latest."""
        return datetime.fromtimestamp(self.creation_timestamp, UTC) + LOGIN_LASTS

    def is_fresh(self, now: datetime) -> bool:
        """Whether the access token is good for 5 minutes more, or half its life where that is shorter.

        One that seems good for longer than it can be is not: the clock was put back since.
        """
        left_s = self.token.expires_at - now.timestamp()
        lasts_s = max(self.token.expires_in, ACCESS_LASTS_S)
        return min(LEEWAY_S, self.token.expires_in / 2) <= left_s <= lasts_s + LEEWAY_S
