"""The forms of the admin: what may be typed where; the rules themselves are those of the stores."""

import json
from typing import Any, Final

from flask_admin.form import BaseForm
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from app.analysis.question import KINDS, MOST_SYMBOLS
from app.jobs.preferences import NAMES

JSON_LIMIT: Final = 10_000


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


class PlaceForm(BaseForm):
    """A place in the watchlist, counted from 0; empty: not watched."""

    watch_position = IntegerField("Watch Position", [Optional(), NumberRange(0, 499)])


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
    value = JsonField("Value, as JSON", [InputRequired()])


class JobForm(BaseForm):
    """An analysis that is asked for."""

    kind = SelectField("Kind", choices=list(KINDS))
    symbols = SelectMultipleField("Symbols", [InputRequired(), Length(max=MOST_SYMBOLS)])
    timeframe = StringField("Look back", [Optional(), Length(max=16)], description="such as 30days; unset: 30days")
    start_date = DateField("First trading day", [Optional()], description="instead of a look back")
    end_date = DateField("Last trading day", [Optional()], description="unset: the present one")
    parameters = JsonField("Parameters, as JSON", [Optional()], description='such as {"horizons": ["1h"]}')


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
