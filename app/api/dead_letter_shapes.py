"""What the endpoints of dead letters take and answer, as OpenAPI shows it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from app.api.answers import Instant
from app.api.filters import Day, SourceName, Symbol
from app.api.page_shapes import LIMIT, LIMIT_MAX, IdCursor, Limit, NextCursor
from app.api.query import naming_field
from app.errors import Rejected
from app.ledger.dead_letters import LetterFilter, parse_kind
from app.operations.dead_letter_desk import NOTE_LIMIT, VALUE_LIMIT

Kind = Annotated[
    str,
    naming_field(parse_kind),
    WithJsonSchema(
        {"type": "string", "description": "a field's name, `missing`, `conflict` or `other`", "examples": ["last"]}
    ),
]
State = Literal["open", "redriven", "discarded"]
Outcome = Literal["stored", "already_there", "refused", "passed_over"]


class LettersQuery(BaseModel):
    """Parameters of GET /api/dead-letters."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["open", "redriven", "discarded", "all"] = "open"
    kind: Kind | None = None
    source: SourceName | None = None
    symbol: Symbol | None = None
    day: Day | None = None
    limit: Limit = LIMIT
    cursor: IdCursor | None = None

    def wanted(self) -> LetterFilter:
        """The letters that are asked for."""
        state = None if self.state == "all" else self.state
        return LetterFilter(state, self.kind, self.source, self.symbol, self.day)


class CorrectionBody(BaseModel):
    """Values by field name; null takes the field away. They add to an earlier correction, or replace it (`reset`)."""

    model_config = ConfigDict(extra="forbid", title="Correction")

    fields: dict[str, str | None] = Field(
        default_factory=dict,
        max_length=64,
        description=f"values are text of at most {VALUE_LIMIT} letters",
        examples=[{"last": "5000.25", "note": None}],
    )
    reset: bool = Field(False, strict=True, description="forget what was corrected before")


class RedriveBody(BaseModel):
    """Nothing needs to be said: {}."""

    model_config = ConfigDict(extra="forbid", title="Redrive")

    dry_run: bool = Field(False, strict=True, description="tell what would come of it, and change nothing")


class DiscardBody(BaseModel):
    """Why the letter is closed without being stored."""

    model_config = ConfigDict(extra="forbid", title="Discard")

    note: str = Field(min_length=1, max_length=NOTE_LIMIT, examples=["a test entry"])


class RedrivesBody(BaseModel):
    """Which open letters to re-drive, oldest first: a filter, or `all`; `after` goes on behind an earlier call."""

    model_config = ConfigDict(extra="forbid", title="Redrives")

    kind: Kind | None = None
    source: SourceName | None = None
    symbol: Symbol | None = None
    day: Day | None = None
    all: bool = Field(False, strict=True)
    dry_run: bool = Field(False, strict=True, description="tell what would come of it, and change nothing")
    limit: int = Field(LIMIT, strict=True, ge=1, le=LIMIT_MAX)
    after: int = Field(0, strict=True, ge=0, lt=2**63, description="letters above this id")

    def wanted(self) -> LetterFilter:
        """The letters that are meant; Rejected unless there is either a filter or `all`."""
        chosen = LetterFilter("open", self.kind, self.source, self.symbol, self.day)
        if (chosen != LetterFilter("open")) == self.all:
            raise Rejected('say which: kind, source, symbol or day, or "all": true')
        return chosen


class LetterSummary(BaseModel):
    """A dead letter as a list shows it."""

    id: int
    stream_id: str = Field(description="the entry of the stream", examples=["1760023800108-0"])
    state: State
    kind: str = Field(description="what the reason is about", examples=["last"])
    reason: str
    source: str | None
    symbol: str | None
    session_date: str | None = Field(description="trading day")
    truncated: bool = Field(description="not all of the entry was kept")
    first_seen: Instant
    resolved_at: Instant | None


class ActionAnswer(BaseModel):
    """What somebody did with a letter."""

    at: Instant
    action: Literal["corrected", "stored", "duplicate", "refused", "discarded"]
    actor: str
    note: str
    fields: dict[str, Any] | None


class LetterAnswer(LetterSummary):
    """A dead letter whole."""

    model_config = ConfigDict(title="DeadLetter")

    fields: dict[str, Any] = Field(
        description="as they came: text, or {base64} where it is no text; {text or base64, bytes} where it was cut; "
        "{values} where it was given several times"
    )
    correction: dict[str, str | None] | None
    wrong: str | None = Field(description="why it cannot be stored with its correction; null = it can, or it is closed")
    actions: list[ActionAnswer]


class LettersAnswer(BaseModel):
    """A page of dead letters, newest first."""

    model_config = ConfigDict(title="DeadLetters")

    dead_letters: list[LetterSummary]
    next_cursor: NextCursor


class RedriveAnswer(BaseModel):
    """What came of a letter, or would."""

    id: int
    outcome: Outcome = Field(description="passed_over: somebody else closed it meanwhile")
    reason: str


class RedrivesAnswer(BaseModel):
    """What came of many letters, or would."""

    model_config = ConfigDict(title="RedriveOutcomes")

    dry_run: bool = Field(description="nothing was changed")
    stored: int
    already_there: int
    refused: int
    passed_over: int = Field(description="letters that somebody else closed meanwhile")
    letters: list[RedriveAnswer]
    next_after: int | None = Field(description="give it as `after` to go on; null: these were all")
