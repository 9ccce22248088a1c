"""The forms of the admin: what may be typed where; the rules themselves are those of the stores."""

import json
from typing import Any, Final

from flask_admin.form import BaseForm, Select2Widget
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from app.analysis.question import KINDS, MOST_SYMBOLS, Parameters
from app.jobs.preferences import NAMES

JSON_LIMIT: Final = 10_000
MOST_WATCHED: Final = 500


_TOLD: Final = {
    "full": "everything",
    "single": "trend, levels, indicators, volatility and risk of each symbol",
    "multi": "how the symbols move together, weights, ranking",
    "series": "trend, seasons, regime, forecasts",
    "prediction": "directions, recommendation, position size, risk",
}
_KINDS: Final = {kind: _TOLD.get(kind, kind) for kind in KINDS}


def read_json(text: str) -> Any:
    """A value of JSON; ValueError, in words for a person, for what is none, is too long or nested too deep."""
    if len(text) > JSON_LIMIT:
        raise ValueError(f"the text is longer than {JSON_LIMIT:,} letters")
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("the text is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: {error.msg} at letter {error.pos + 1}") from None
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from None


class JsonField(TextAreaField):
    """A value as JSON."""

    def process_data(self, value: Any) -> None:
        """Show a stored value."""
        self.data = None if value is None else json.dumps(value)

    def pre_validate(self, _form: Any) -> None:
        """Refuse what is no JSON."""
        try:
            read_json(self.data or "null")
        except ValueError as error:
            raise ValidationError(str(error)) from None

    @property
    def value(self) -> Any:
        """What was typed, as a value."""
        return read_json(self.data or "null")


class InstrumentForm(BaseForm):
    """What may be corrected of an instrument."""

    name = StringField("Name", [InputRequired(), Length(max=80)])
    tick_size = DecimalField("Tick size", [InputRequired()], places=None)
    multiplier = DecimalField("Value of a point", [InputRequired()], places=None)
    schwab_symbol = StringField("Schwab symbol", [InputRequired(), Length(max=24)])
    tos_symbol = StringField("Excel (thinkorswim) symbol", [InputRequired(), Length(max=24)])


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _place(_form: Any, field: Any) -> None:
    told = (field.data or "").strip()
    if told and not (told.isascii() and told.isdecimal() and len(told) <= 3 and int(told) < MOST_WATCHED):
        raise ValidationError(f"a place is a whole number from 0 to {MOST_WATCHED - 1}, or empty: not watched")


def _place_field() -> Any:
    # A text: browsers send nothing at all for a number that is none, and nothing would mean not watched.
    return StringField("Watch position", [_place], filters=[_text], description="from 0; empty: not watched")


class PlaceForm(BaseForm):
    """A place in the watchlist, counted from 0; empty: not watched."""

    watch_position = _place_field()


class PlaceInListForm(BaseForm):
    """The same for a list, whose widgets are others and must not be those of the page."""

    watch_position = _place_field()


class ContractWeightChange(BaseForm):
    """Another weight."""

    weight = DecimalField("Weight", [InputRequired()], places=None)


class SignalWeightChange(BaseForm):
    """Another weight or bounds."""

    weight = DecimalField("Weight", [InputRequired()], places=None)
    min_weight = DecimalField("Least weight", [InputRequired()], places=None)
    max_weight = DecimalField("Most weight", [InputRequired()], places=None)


class ContractWeightForm(BaseForm):
    """What a symbol weighs in a composite from a day on."""

    composite = StringField("Composite", [InputRequired(), Length(max=32)])
    symbol = StringField("Symbol", [InputRequired(), Length(max=16)])
    valid_from = DateField("Valid from", [InputRequired()])
    weight = DecimalField("Weight", [InputRequired()], places=None)


class SignalWeightForm(BaseForm):
    """What a signal weighs from a day on, and its bounds."""

    signal = StringField("Signal", [InputRequired(), Length(max=32)])
    valid_from = DateField("Valid from", [InputRequired()])
    weight = DecimalField("Weight", [InputRequired()], places=None)
    min_weight = DecimalField("Least weight", [InputRequired()], places=None)
    max_weight = DecimalField("Most weight", [InputRequired()], places=None)


class MarketForm(BaseForm):
    """Whether Thor sees to a market's opens and closes."""

    automated = BooleanField("Automated")


class ModelForm(BaseForm):
    """Whether a model predicts."""

    enabled = BooleanField("Enabled")


class SettingForm(BaseForm):
    """A choice of the desk."""

    name = SelectField("Setting", choices=list(NAMES))
    value = JsonField("Value", [InputRequired()], description='a number such as 50000; texts in quotes, such as "1h"')


class JobForm(BaseForm):
    """An analysis that is asked for."""

    kind = SelectField("Kind", choices=[SelectChoice(kind, f"{kind}: {told}") for kind, told in _KINDS.items()])
    symbols = SelectMultipleField(
        "Symbols", [InputRequired(), Length(max=MOST_SYMBOLS)], widget=Select2Widget(multiple=True)
    )
    timeframe = StringField(
        "Look back", [Optional(), Length(max=16)], description="such as 30days, which it is where nothing is said"
    )
    start_date = DateField("First trading day", [Optional()], description="instead of a look back")
    end_date = DateField("Last trading day", [Optional()], description="the present one where none is said")
    parameters = JsonField(
        "Parameters, as JSON", [Optional()],
        description=f'such as {{"horizons": ["1h"], "equity": 50000}}; known are {", ".join(Parameters.model_fields)}; '
        "what is left out comes from the settings",
        render_kw={"rows": 3},
    )  # fmt: skip


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
