"""The tables of who may do what, and of what was done. No secret is in them, only hashes."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model

Number = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
TokenId = Annotated[str, mapped_column(String(12), primary_key=True)]
_ROLES = "role IN ('viewer', 'operator', 'admin')"


class User(Model):
    """A person who logs in. Without `password_hash` only a login link lets them in; `disabled_at` shuts them out."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(_ROLES, name="role"),
        CheckConstraint("name ~ '^[a-z][a-z0-9._-]{0,31}$'", name="name"),
    )

    id: Mapped[Number]
    name: Mapped[str] = mapped_column(String(32), unique=True)
    role: Mapped[str] = mapped_column(String(8))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[Instant]
    password_at: Mapped[Instant | None]
    disabled_at: Mapped[Instant | None]


class ApiKey(Model):
    """A program's key: `id` is its public part, `digest` the SHA-256 of its secret one.

    It works until `expires_at`, where there is one, and until it is revoked.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(_ROLES, name="role"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        Index("ix_api_keys_name", "name"),
    )

    id: Mapped[TokenId]
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Instant]
    created_by: Mapped[str] = mapped_column(String(80))
    expires_at: Mapped[Instant | None]
    revoked_at: Mapped[Instant | None]
    last_used_at: Mapped[Instant | None]


class Login(Model):
    """A browser in which somebody is logged in, until `expires_at`, or until it was idle for too long."""

    __tablename__ = "logins"

    id: Mapped[TokenId]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class LoginLink(Model):
    """A way to log in once, without a password; it is gone when it was used."""

    __tablename__ = "login_links"

    id: Mapped[TokenId]
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class AuditEntry(Model):
    """Something that somebody did or tried; the database refuses to change or to remove it.

    `actor` is as `Caller.label` has it, or who typed a command; `outcome` is done, refused or failed.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'refused', 'failed')", name="outcome"),
        Index("ix_audit_entries_at", "at"),
        Index("ix_audit_entries_actor_at", "actor", "at"),
    )

    id: Mapped[Number]
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200), server_default="")
    outcome: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(64), server_default="")
    request_id: Mapped[str] = mapped_column(String(64), server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
