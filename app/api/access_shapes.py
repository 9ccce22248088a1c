"""What the endpoints about access take and answer, as OpenAPI shows it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.access.roles import Role
from app.api.page_shapes import LIMIT, IdCursor, Limit, NextCursor


class MeAnswer(BaseModel):
    """Who the server takes the caller for."""

    model_config = ConfigDict(title="Me")

    kind: Literal["key", "user", "anonymous"]
    name: str = Field(examples=["anna"])
    role: Role = Field(examples=["operator"])
    login_path: str = Field(description="where one logs in", examples=["/login"])
    logout_path: str = Field(description="POST there to log out", examples=["/logout"])


class TicketAnswer(BaseModel):
    """A ticket for a stream."""

    model_config = ConfigDict(title="Ticket")

    ticket: str = Field(description="add it to the stream's address as `ticket`")
    lasts_s: int = Field(examples=[30])


class TicketBody(BaseModel):
    """Nothing needs to be said."""

    model_config = ConfigDict(extra="forbid", title="TicketOrder")


class AuditQuery(BaseModel):
    """Parameters of GET /api/audit."""

    model_config = ConfigDict(extra="forbid")

    actor: str | None = Field(None, max_length=80, examples=["user anna"])
    action: str | None = Field(None, max_length=60, examples=["POST jobs.submit_job"])
    limit: Limit = LIMIT
    cursor: IdCursor | None = None


class AuditEntryAnswer(BaseModel):
    """Something that somebody did or tried."""

    model_config = ConfigDict(title="AuditEntry")

    id: int
    at: str = Field(examples=["2025-10-09T15:30:00.000000Z"])
    actor: str = Field(examples=["user anna"])
    action: str = Field(examples=["POST jobs.submit_job"])
    subject: str = Field(examples=["/api/jobs"])
    outcome: Literal["done", "refused", "failed"]
    address: str = Field(description="where it came from; empty for commands")
    request_id: str
    facts: dict[str, Any]


class AuditAnswer(BaseModel):
    """What was done, newest first."""

    model_config = ConfigDict(title="Audit")

    entries: list[AuditEntryAnswer]
    next_cursor: NextCursor
