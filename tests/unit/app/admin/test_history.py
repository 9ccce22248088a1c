from datetime import UTC, date, datetime
from decimal import Decimal

from app.admin.history import Hand, note_change, plain, values_of
from app.instruments.models import ContractWeight

NOW = datetime(2025, 3, 7, 12, tzinfo=UTC)
ANNA = Hand(NOW, "user anna")


class Kept(list):
    """A session that keeps what is added."""

    def add(self, row):
        self.append(row)


def test_a_row_is_told_by_its_columns_as_json_has_them():
    row = ContractWeight(composite="us", symbol="ES", valid_from=date(2025, 3, 7), weight=Decimal("0.500000"))

    assert values_of(row) == {"composite": "us", "symbol": "ES", "valid_from": "2025-03-07", "weight": "0.500000"}
    assert plain(NOW) == "2025-03-07T12:00:00.000000Z"


def test_a_change_has_before_and_after_of_what_differs():
    kept = Kept()

    note_change(kept, ANNA, "markets", "CME", "edit", {"a": 1, "b": 2}, {"a": 1, "b": 3})

    (change,) = kept
    assert (change.actor, change.entity, change.key, change.action) == ("user anna", "markets", "CME", "edit")
    assert change.changes == {"b": [2, 3]}


def test_what_is_new_or_gone_has_nothing_on_the_other_side():
    kept = Kept()

    note_change(kept, ANNA, "x", 1, "create", None, {"a": 1})
    note_change(kept, ANNA, "x", 1, "delete", {"a": 1})

    assert [change.changes for change in kept] == [{"a": [None, 1]}, {"a": [1, None]}]


def test_an_edit_without_a_difference_is_no_change():
    kept = Kept()

    note_change(kept, ANNA, "x", 1, "edit", {"a": 1}, {"a": 1})

    assert kept == []
