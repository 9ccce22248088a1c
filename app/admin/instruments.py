"""The admin's tables of what is traded: instruments and the watchlist, weights, markets."""

from typing import Any, ClassVar

from flask import flash
from flask_admin.model.form import create_editable_list_form
from sqlalchemy.orm import Session

from app.admin.forms import (
    ContractWeightChange,
    ContractWeightForm,
    InstrumentForm,
    MarketForm,
    PlaceForm,
    PlaceInListForm,
    SignalWeightChange,
    SignalWeightForm,
)
from app.admin.records import RecordView
from app.errors import Rejected
from app.instruments.models import ContractWeight, SignalWeight
from app.instruments.store import set_watchlist, watchlist
from app.instruments.weights import set_contract_weight, set_signal_weight
from app.operations.watching import take_up
from app.runtime import runtime

_FACTS = ("name", "tick_size", "multiplier", "schwab_symbol", "tos_symbol")


class WatchingView(RecordView):
    """Rows whose change may be one of the watchlist: then the collectors that follow it begin anew with it."""

    def update_model(self, form: Any, model: Any) -> bool:
        """Change a row on record; False when the rules refuse it."""
        before = watchlist(self.session())
        if not super().update_model(form, model):
            return False
        if not take_up(runtime(), before, watchlist(self.session())).collectors_told:
            flash("Redis is away: the collectors take the watchlist up when they start again", "error")
        return True


class InstrumentView(WatchingView):
    """Instruments; the place in the watchlist is changed in the list itself, counted from 0, empty: not watched."""

    entity = "trading_instruments"
    can_edit = True
    column_list = (
        "symbol", "name", "watch_position", "mic", "currency", "tick_size", "multiplier", "calendar", "schwab_symbol",
        "tos_symbol",
    )  # fmt: skip
    column_searchable_list = ("symbol", "name", "schwab_symbol", "tos_symbol")
    column_filters = ("symbol", "calendar", "currency", "mic", "watch_position")
    column_editable_list = ("watch_position",)
    column_default_sort = "symbol"

    def scaffold_form(self) -> Any:
        """What may be corrected."""
        return InstrumentForm

    def get_list_form(self) -> Any:
        """A place may be taken: the others make room."""
        return create_editable_list_form(self.form_base_class, PlaceInListForm)

    def change(self, session: Session, form: Any, row: Any) -> None:
        """Correct the facts, or move the symbol within the watchlist."""
        for name in _FACTS:
            if name in form:
                setattr(row, name, form[name].data)
        if not all(figure.is_finite() and figure > 0 for figure in (row.tick_size, row.multiplier)):
            raise Rejected("the size of a tick and the value of a point are above 0, and numbers")
        if "watch_position" in form:
            _watch(session, row.symbol, form.watch_position.data)


class WatchlistView(WatchingView):
    """What is watched, in the trader's order."""

    entity = "trading_instruments"
    can_edit = True
    column_list = ("watch_position", "symbol", "name", "calendar")
    column_searchable_list = ("symbol", "name")
    column_filters = ("calendar",)
    column_editable_list = ("watch_position",)
    column_default_sort = "watch_position"

    def scaffold_form(self) -> Any:
        """The place alone."""
        return PlaceForm

    def get_list_form(self) -> Any:
        """A place may be taken: the others make room."""
        return create_editable_list_form(self.form_base_class, PlaceInListForm)

    def get_query(self) -> Any:
        """Only what is watched."""
        return super().get_query().filter(self.model.watch_position.is_not(None))

    def get_count_query(self) -> Any:
        """Only what is watched."""
        return super().get_count_query().filter(self.model.watch_position.is_not(None))

    def change(self, session: Session, form: Any, row: Any) -> None:
        """Move the symbol within the watchlist, or out of it."""
        _watch(session, row.symbol, form.watch_position.data)


class ContractWeightView(RecordView):
    """What symbols weigh in composites."""

    entity = "contract_weights"
    can_create = can_edit = can_delete = True
    column_list = ("composite", "symbol", "valid_from", "weight")
    column_searchable_list = ("composite", "symbol")
    column_filters = ("composite", "symbol", "valid_from", "weight")
    column_editable_list = ("weight",)
    column_default_sort: ClassVar = [("composite", False), ("symbol", False)]

    def scaffold_form(self) -> Any:
        """A weight."""
        return ContractWeightForm

    def get_edit_form(self) -> Any:
        """What it is the weight of stays."""
        return ContractWeightChange

    def make(self, session: Session, form: Any) -> Any:
        """Have a symbol weigh so much, in the place of what was said of that day."""
        key = (form.composite.data.strip(), form.symbol.data.strip().upper(), form.valid_from.data)
        set_contract_weight(session, key[0], key[1], form.weight.data, key[2])
        return session.get(ContractWeight, key, populate_existing=True)

    def change(self, session: Session, form: Any, row: Any) -> None:
        """Another weight."""
        set_contract_weight(session, row.composite, row.symbol, form.weight.data, row.valid_from)


class SignalWeightView(RecordView):
    """What signals weigh, and their bounds."""

    entity = "signal_weights"
    can_create = can_edit = can_delete = True
    column_list = ("signal", "valid_from", "weight", "min_weight", "max_weight")
    column_searchable_list = ("signal",)
    column_filters = ("signal", "valid_from", "weight")
    column_editable_list = ("weight", "min_weight", "max_weight")
    column_default_sort = "signal"

    def scaffold_form(self) -> Any:
        """A weight with its bounds."""
        return SignalWeightForm

    def get_edit_form(self) -> Any:
        """What it is the weight of stays."""
        return SignalWeightChange

    def make(self, session: Session, form: Any) -> Any:
        """Have a signal weigh so much, in the place of what was said of that day."""
        key = (form.signal.data.strip(), form.valid_from.data)
        bounds = (form.min_weight.data, form.max_weight.data)
        set_signal_weight(session, key[0], form.weight.data, bounds, key[1])
        return session.get(SignalWeight, key, populate_existing=True)

    def change(self, session: Session, form: Any, row: Any) -> None:
        """Another weight or bound."""
        names = ("weight", "min_weight", "max_weight")
        weight, least, most = (form[name].data if name in form else getattr(row, name) for name in names)
        set_signal_weight(session, row.signal, weight, (least, most), row.valid_from)


class MarketView(RecordView):
    """Markets; where one is not automated, its opens and closes are left to the trader."""

    entity = "markets"
    can_edit = True
    column_list = ("name", "calendar", "timezone", "automated")
    column_searchable_list = ("name", "calendar")
    column_filters = ("automated", "timezone")
    column_editable_list = ("automated",)
    column_default_sort = "name"

    def scaffold_form(self) -> Any:
        """The one thing that may be changed."""
        return MarketForm

    def change(self, _session: Session, form: Any, row: Any) -> None:
        """Have Thor see to the market, or not."""
        row.automated = bool(form.automated.data)


def _watch(session: Session, symbol: str, place: str | None) -> None:
    symbols = [one for one in watchlist(session) if one != symbol]
    if place and place.strip():
        symbols.insert(int(place), symbol)
    set_watchlist(session, symbols)
