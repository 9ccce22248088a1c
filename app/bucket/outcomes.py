"""What the store's refusals mean, and what to do about each."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from app.bucket.plan import BucketPlan
from app.errors import Conflict, NotFound, ThorError, Unavailable

# Arrow gives the store's answers as texts only.
_CODE: Final = re.compile(r"AWS Error ([A-Z0-9_]+)")
_STATUS: Final = re.compile(r"HTTP (?:response|status)(?: code:?)? (\d{3})", re.IGNORECASE)
_UNPARSED: Final = re.compile(r"Unable to parse ExceptionName: ([A-Za-z0-9]{1,60})")
_DENIED: Final = (
    "ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_CLIENT_TOKEN_ID",
    "MISSING_AUTHENTICATION_TOKEN", "UNRECOGNIZED_CLIENT", "EXPIRED_TOKEN",
)  # fmt: skip
_REGION: Final = ("PERMANENT_REDIRECT", "AUTHORIZATION_HEADER_MALFORMED")
_CLOCK: Final = ("REQUEST_TIME_TOO_SKEWED", "REQUEST_EXPIRED")


@contextmanager
def explained(plan: BucketPlan) -> Iterator[None]:
    """Turn what the store's client raises in the block into an error with one line that says what to do.

    NotFound when there is no such bucket; Conflict when the store denies access, is in another region or does not
    accept this machine's clock; Unavailable for all else. FileNotFoundError, which says that an object is not there, is
    passed on.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _told(plan, str(error)) from None


def _told(plan: BucketPlan, text: str) -> ThorError:
    code, status = _code(text), _first(_STATUS, text)
    where = f"{plan.place} at {plan.endpoint}" if plan.endpoint else plan.place
    if code == "NO_SUCH_BUCKET":
        return NotFound(f"there is no bucket {plan.bucket}: make it, or mend LAKE_BUCKET or LAKE_BUCKET_ENDPOINT")
    if code in _CLOCK:
        return Conflict(f"{where} does not accept this machine's clock: set it by NTP, then run this again")
    if code in _DENIED or status == "403":
        return Conflict(
            f"{where} denies access ({code.lower()}): see to LAKE_BUCKET_KEY and LAKE_BUCKET_SECRET, or the AWS "
            "credentials, and to what the bucket's policy grants them"
        )
    if status == "301" or code in _REGION:
        return Conflict(f"{where} is in another region: see to LAKE_BUCKET_REGION, then run this again")
    if code == "NETWORK_CONNECTION":
        return Unavailable(f"{where} cannot be reached: see to the network and LAKE_BUCKET_ENDPOINT, then run it again")
    # The rest of the text may name keys and signatures.
    return Unavailable(f"{where} failed ({code.lower() or 'no reason given'}): run it again later")


def _code(text: str) -> str:
    # Codes that Amazon's client does not know come as the store wrote them, in camel case.
    unparsed = _first(_UNPARSED, text)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", unparsed).upper() if unparsed else _first(_CODE, text)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
