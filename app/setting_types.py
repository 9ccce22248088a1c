"""The kinds of values that settings have, each with its check; a check says what must be, and not what was given."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, SecretStr

from app.alerts.quiet_hours import QuietHours
from app.analysis.question import parse_lookback
from app.bucket.plan import parse_place
from app.bus.keys import BROKER_DB, RESULTS_DB
from app.collectors.excel.area import MOST_CELLS, parse_area
from app.errors import Rejected
from app.market.markets import LIMITS, PROFILES
from app.market.overrides_file import read_overrides
from app.premarket.ladders_file import read_ladders
from app.quotes import COLLECTED, LIVE_SOURCES, SOURCES, parse_symbols

PROJECT: Final = Path(__file__).resolve().parent.parent
_POSTGRES_SCHEMES: Final = ("postgres", "postgresql", "postgresql+psycopg2")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
# Nothing that could end a header or begin another address.
_MAIL_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)

# A name or an address of version 4, as browsers send it in front of a port.
_HOST_NAME: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9.-]{0,251}[A-Z0-9])?")


def listed(value: str) -> list[str]:
    """The names that commas separate, in upper case, each once."""
    return list(dict.fromkeys(name.strip().upper() for name in value.split(",") if name.strip()))


def address(url: str) -> SplitResult | None:
    """The parts of a URL that names a host; None when it does not.

    It says nothing of what is wrong: a misplaced part of a URL may be its password.
    """
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def _absolute(value: Any) -> Any:
    try:
        return PROJECT / Path(value).expanduser() if isinstance(value, str | Path) else value
    except RuntimeError:  # ~somebody, who is not known here.
        raise ValueError("is below the home of a user who does not exist") from None


def _sources(value: str) -> str:
    if unknown := sorted(set(listed(value)) - set(SOURCES)):
        raise ValueError(f"names {', '.join(unknown)[:80]}: known are {', '.join(SOURCES)}")
    return value


def _cells(value: str) -> str:
    try:
        parse_area(value)
    except Rejected:
        raise ValueError(f"must name up to {MOST_CELLS:,} cells like A1:M20, with a row below the headers") from None
    return value.upper()


def _symbols(value: str) -> str:
    try:
        return ",".join(parse_symbols(value)) if value.strip(" ,") else ""
    except Rejected as error:
        raise ValueError(str(error)) from None


def _callback(value: str) -> str:
    parts = address(value)
    if parts is None or parts.scheme != "https" or value.endswith("/"):
        raise ValueError("must look like https://127.0.0.1:8182, without a slash at the end")
    return value


def _api(value: str) -> str:
    parts = address(value)
    is_safe = parts and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1"))
    # What follows a user, a question mark or a hash would be put elsewhere than where the API's paths belong.
    if not is_safe or any(letter in "@?#\\" or not letter.isprintable() for letter in value):
        raise ValueError("must look like https://api.schwabapi.com; plain http is for 127.0.0.1 only")
    return value.rstrip("/")


def _store(value: str) -> str:
    parts = address(value)
    is_safe = parts and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK))
    if not parts or not is_safe or "@" in value or value.rstrip("/") != f"{parts.scheme}://{parts.netloc}":
        raise ValueError("must look like https://minio.example:9000, without a path; plain http is for localhost only")
    return value.rstrip("/")


def _postgres(value: SecretStr) -> SecretStr:
    scheme, _, rest = value.get_secret_value().partition("://")
    if scheme not in _POSTGRES_SCHEMES or not address(f"//{rest}"):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    return SecretStr(f"postgresql+psycopg2://{rest}")


def _redis(value: SecretStr) -> SecretStr:
    parts = address(value.get_secret_value())
    database = parts.path.strip("/") or "0" if parts else ""
    if parts is None or parts.scheme not in ("redis", "rediss") or not (database.isascii() and database.isdecimal()):
        raise ValueError("must look like redis://:password@host:6379/0")
    if int(database) in (BROKER_DB, RESULTS_DB):
        raise ValueError(f"must not name database {database}: the task queue's are {BROKER_DB} and {RESULTS_DB}")
    return SecretStr(parts._replace(path=f"/{database}").geturl())


def _market(value: str) -> str:
    if value not in PROFILES:
        raise ValueError(f"must be one of {', '.join(PROFILES)}")
    return value


def _collected(value: str) -> str:
    if unknown := sorted(set(listed(value)) - set(COLLECTED)):
        known = ", ".join(COLLECTED)
        raise ValueError(f"names {', '.join(unknown)[:80]}, which has no collector: known is {known}")
    if LIVE_SOURCES & set(listed(value)) and set(listed(value)) - LIVE_SOURCES:
        raise ValueError("names simulated quotes beside real ones, which never mix")
    return value


def _readable(read: Callable[[Any], object]) -> AfterValidator:
    """What `read` takes; what it rejects is wrong in its words."""

    def check(value: Any) -> Any:
        try:
            read(value)
        except Rejected as error:
            raise ValueError(str(error)) from None
        return value

    return AfterValidator(check)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value or "UTC")
    except (ValueError, OSError, KeyError):  # A path, a folder of names, or a name that is not known.
        raise ValueError("must be the name of a time zone, such as America/Chicago") from None
    return value


def _mail(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not all(_MAIL_ADDRESS.fullmatch(name) for name in names):
        raise ValueError("must be addresses like desk@example.com, without names and separated by commas")
    return ",".join(names)


def _hosts(value: str) -> str:
    names = listed(value)
    if not all(_HOST_NAME.fullmatch(name) for name in names):
        raise ValueError("must be names like thor.desk.lan, without a port and separated by commas")
    return ",".join(names).lower()


def _origins(value: str) -> str:
    names = [name.strip().lower() for name in value.split(",") if name.strip()]
    for name in names:
        parts = address(name)
        is_safe = parts and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK))
        if not parts or not is_safe or name != f"{parts.scheme}://{parts.netloc}" or "@" in name or "*" in name:
            raise ValueError("must be origins like https://desk.example, without a path; plain http is for localhost")
    return ",".join(names)


Folder = Annotated[Path, BeforeValidator(_absolute)]
SourceNames = Annotated[str, AfterValidator(_sources)]
Cells = Annotated[str, AfterValidator(_cells)]
SymbolNames = Annotated[str, AfterValidator(_symbols)]
CallbackUrl = Annotated[str, AfterValidator(_callback)]
ApiUrl = Annotated[str, AfterValidator(_api)]
StoreUrl = Annotated[str, AfterValidator(_store)]
BucketName = Annotated[str, _readable(parse_place)]
PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis)]
MarketName = Annotated[str, AfterValidator(_market)]
OverridesPath = Annotated[Folder, _readable(lambda path: read_overrides(path, LIMITS))]
LaddersPath = Annotated[Folder, _readable(lambda path: read_ladders(path, PROFILES))]
Lookback = Annotated[str, _readable(parse_lookback)]
CollectedNames = Annotated[str, AfterValidator(_collected)]
QuietSpan = Annotated[str, _readable(lambda text: QuietHours.parse(text) if text else None)]
ZoneName = Annotated[str, AfterValidator(_zone)]
HostNames = Annotated[str, AfterValidator(_hosts)]
OriginNames = Annotated[str, AfterValidator(_origins)]
MailAddresses = Annotated[str, AfterValidator(_mail)]
