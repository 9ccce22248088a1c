"""What is known of each key of each service, whoever subscribes to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

FUTURES: Final = "LEVELONE_FUTURES"
EQUITIES: Final = "LEVELONE_EQUITIES"
SERVICES: Final = (FUTURES, EQUITIES)


@dataclass
class Listing:
    """One key: its fields by number, as text, and what only the first message about it tells."""

    key: str
    first: dict[str, Any]
    fields: dict[str, Any] = field(default_factory=dict)

    def full(self, wanted: frozenset[str]) -> dict[str, Any]:
        """The content of the first message to somebody who wants these fields."""
        return {"key": self.key, **self.first, **{k: v for k, v in self.fields.items() if k in wanted}}


class Board:
    """Every listing. It takes no lock: whoever holds it does."""

    def __init__(self) -> None:
        self._listings: dict[tuple[str, str], Listing] = {}

    def find(self, service: str, key: str) -> Listing | None:
        """What is known of a key; None of one that never had a value."""
        return self._listings.get((service, key))

    def update(self, service: str, key: str, fields: Mapping[Any, Any], delayed: bool | None) -> dict[str, Any]:
        """Take new values; the fields that differ from what they were. ValueError when it is no service of ours."""
        if service not in SERVICES:
            raise ValueError(f"{service} is no service: known are {', '.join(SERVICES)}")
        listing = self._listings.setdefault((service, key), Listing(key, _first(service)))
        if delayed is not None:
            listing.first["delayed"] = delayed
        given = {str(number): value for number, value in fields.items()}
        changed = {k: v for k, v in given.items() if k not in listing.fields or listing.fields[k] != v}
        listing.fields.update(changed)
        return changed

    def reset(self, service: str, key: str) -> None:
        """Know nothing of a key again."""
        self._listings.pop((service, key), None)


def _first(service: str) -> dict[str, Any]:
    if service == FUTURES:
        return {"delayed": False, "assetMainType": "FUTURE"}
    return {"delayed": False, "assetMainType": "EQUITY", "assetSubType": "ETF", "cusip": "000000000"}
