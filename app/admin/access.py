"""Who may do what, to look at: users, keys without their secrets, and what was done. Keys can be revoked."""

from typing import ClassVar

from flask import flash
from flask_admin.actions import action

from app.access.audit import record
from app.access.keys import revoke_key
from app.admin.records import RecordView
from app.errors import ThorError
from app.gate.guard import caller
from app.runtime import runtime


class UserView(RecordView):
    """The people who log in; `flask user` adds and changes them."""

    entity = "users"
    column_list = column_details_list = ("name", "role", "created_at", "password_at", "disabled_at")
    column_export_list = column_list
    column_searchable_list = ("name",)
    column_filters = ("name", "role")
    column_default_sort = "name"


class KeyView(RecordView):
    """The keys of programs; `flask key` makes them."""

    entity = "api_keys"
    column_list = column_details_list = (
        "id", "name", "role", "created_at", "created_by", "expires_at", "revoked_at", "last_used_at",
    )  # fmt: skip
    column_export_list = column_list
    column_searchable_list = ("name",)
    column_filters = ("name", "role", "expires_at", "revoked_at", "last_used_at")
    column_default_sort = ("created_at", True)

    @action("revoke", "Revoke", "Revoke the chosen keys for good?")
    def revoke(self, ids: list[str]) -> None:
        """Have the chosen keys open nothing any more."""
        rt, session = runtime(), self.session()
        for one in ids:
            try:
                key = revoke_key(session, one, rt.clock.now())
                record(session, rt.clock.now(), caller().label, "revoke key", f"{key.id} {key.name}")
                session.commit()
                flash(f"{key.name} opens nothing any more", "success")
            except ThorError as error:
                session.rollback()
                flash(str(error), "error")
        rt.ring.look_again()


class AuditView(RecordView):
    """What was done by hand or by key, and what was refused."""

    column_list = ("id", "at", "actor", "action", "subject", "outcome", "address")
    column_searchable_list = ("actor", "action", "subject")
    column_filters = ("actor", "action", "outcome", "at", "address")
    column_default_sort: ClassVar = ("id", True)
