"""Instants of a report before the open as the market's clock shows them."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.clock import parse_instant
from app.market.markets import PROFILES
from app.reports.measures import instant_of


def zone_of(document: Mapping[str, Any]) -> ZoneInfo:
    """The zone of the report's market; UTC where the market is not known."""
    profile = PROFILES.get(str(document["market"]))
    return ZoneInfo("UTC") if profile is None else profile.timezone


def clock_of(document: Mapping[str, Any], told: Any) -> str:
    """The time of day at the market, to the second where that is not a whole minute, with the date where that is
    another than the report's; empty without an instant."""
    if instant_of(told) is None:
        return ""
    at = parse_instant(str(told)).astimezone(zone_of(document))
    day = "" if at.date().isoformat() == document["session_date"] else f"{at:%Y-%m-%d} "
    return f"{day}{at:%H:%M:%S}" if at.second else f"{day}{at:%H:%M}"


def moment_of(document: Mapping[str, Any], told: Any) -> str:
    """An instant by the market's clock, and in UTC."""
    known, local = instant_of(told), clock_of(document, told)
    if known is None or zone_of(document).key == "UTC":
        return known or str(told)
    return f"{local} {zone_of(document).key} ({known})"
