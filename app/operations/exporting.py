"""Exporting a trading day as a job does it: ticks, then bars, whatever is missing or out of date."""

from datetime import date

from app.stores import Stores


def export_session(stores: Stores, market: str, day: date) -> None:
    raise NotImplementedError
