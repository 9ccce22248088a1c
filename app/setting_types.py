"""The kinds of values that settings have, each with its check; a check says what must be, and not what was given."""

from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator

from app.collectors.excel.area import MOST_CELLS, parse_area
from app.errors import Rejected
from app.quotes import SOURCES, parse_symbols

PROJECT: Final = Path(__file__).resolve().parent.parent


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
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname == "127.0.0.1")):
        raise ValueError("must look like https://api.schwabapi.com; plain http is for 127.0.0.1 only")
    return value.rstrip("/")


Folder = Annotated[Path, BeforeValidator(_absolute)]
SourceNames = Annotated[str, AfterValidator(_sources)]
Cells = Annotated[str, AfterValidator(_cells)]
SymbolNames = Annotated[str, AfterValidator(_symbols)]
CallbackUrl = Annotated[str, AfterValidator(_callback)]
ApiUrl = Annotated[str, AfterValidator(_api)]
