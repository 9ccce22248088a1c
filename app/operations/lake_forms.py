"""The catalog as plain values, the same for the command line's JSON and the API."""

from datetime import datetime

from app.clock import instant_text
from app.operations.lake_catalog import Page, Partition, Totals


def page_form(page: Page) -> dict[str, object]:
    """A page of the catalog: its partitions, and the totals of all that are meant."""
    return {
        "partitions": [partition_form(partition) for partition in page.partitions],
        "totals": totals_form(page.totals),
    }


def totals_form(totals: Totals) -> dict[str, int]:
    """The totals of the partitions that are meant."""
    return {
        "files": totals.files,
        "days": totals.days,
        "rows": totals.rows,
        "bytes": totals.bytes,
        "missing": totals.missing,
    }


def partition_form(partition: Partition) -> dict[str, object]:
    """One partition; null where there is no file to tell it. Paths run from the lake's root."""
    file = partition.file
    return {
        "date": partition.day.isoformat(),
        "symbol": partition.symbol,
        "kind": partition.kind,
        "timeframe": partition.timeframe or None,
        "state": partition.state.value,
        "detail": partition.detail,
        "rows": partition.rows,
        "first_ts": _instant(file.min_ts) if file else None,
        "last_ts": _instant(file.max_ts) if file else None,
        "bytes": file.bytes if file else None,
        "sha256": file.sha256 if file else None,
        "path": file.path if file else None,
        "written_at": _instant(file.written_at) if file else None,
        "verified_at": _instant(file.verified_at) if file else None,
        "purged_at": _instant(file.purged_at) if file else None,
    }


def _instant(value: datetime | None) -> str | None:
    return instant_text(value) if value is not None else None
