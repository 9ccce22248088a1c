"""The admin's tables of the desk: sessions and their certificates, dead letters, settings, changes by hand."""

from typing import Any, ClassVar

from flask import flash, redirect, request
from flask_admin.actions import action
from flask_admin.base import expose
from sqlalchemy.orm import Session

from app.admin.forms import SettingForm
from app.admin.history import hand, note_change
from app.admin.records import RecordView
from app.admin.showing import before_and_after, changes_in_a_line
from app.errors import ThorError
from app.gate.guard import caller
from app.jobs.models import UserSetting
from app.jobs.preferences import drop_preference, set_preference
from app.ledger.dead_letters import read_actions
from app.operations.dead_letter_desk import DeadLetterDesk
from app.runtime import runtime


class SnapshotView(RecordView):
    """What is known of each session."""

    column_list = (
        "market", "session_date", "opens_at", "closes_at", "completed_at", "ticks", "symbols", "first_ts", "last_ts",
    )  # fmt: skip
    column_details_list = (*column_list, "created_at", "baseline", "by_symbol", "quality")
    column_searchable_list = ("market",)
    column_filters = ("market", "session_date", "ticks", "completed_at")
    column_default_sort = ("session_date", True)


class CertificateView(RecordView):
    """What was proved of each session."""

    column_list = ("market", "session_date", "verdict", "reasons", "made_at")
    column_details_list = (*column_list, "figures", "files")
    column_searchable_list = ("market", "verdict")
    column_filters = ("market", "session_date", "verdict", "made_at")
    column_default_sort = ("session_date", True)


class DeadLetterView(RecordView):
    """What could not be stored; letters are stored after all, or discarded, through the desk, which records it."""

    entity = "dead_letters"
    column_list = ("id", "state", "reason", "source", "symbol", "session_date", "stream_id")
    column_searchable_list = ("reason", "symbol", "stream_id")
    column_filters = ("state", "source", "symbol", "session_date", "reason")
    column_default_sort = ("id", True)
    details_template = "thor/letter.html"

    def render(self, template: str, **told: Any) -> str:
        """The page of a letter also has what was done with it."""
        if template == self.details_template:
            told["deeds"] = read_actions(self.session(), told["model"].id)
        page: str = super().render(template, **told)
        return page

    @action("redrive", "Store after all", "Store the chosen letters after all?")
    def redrive(self, ids: list[str]) -> None:
        """Store the chosen letters through the strict reader."""
        desk = DeadLetterDesk(runtime(), caller().label)
        for one in ids:
            try:
                done = desk.redrive(_number(one))
                self._noted(one, "redrive", {"outcome": done.outcome, "reason": done.reason})
                flash(": ".join(filter(None, (f"Letter {done.letter_id}", done.outcome, done.reason))), "info")
            except ThorError as error:
                flash(str(error), "error")

    @expose("/discard/", methods=("POST",))
    def discard(self) -> Any:
        """Close one letter for good, with the reason that was typed."""
        letter_id = request.form.get("id", "")
        try:
            note = request.form.get("note", "")
            DeadLetterDesk(runtime(), caller().label).discard(_number(letter_id), note)
            self._noted(letter_id, "discard", {"note": note})
            flash(f"Letter {letter_id[:20]} is discarded", "success")
        except ThorError as error:
            flash(str(error), "error")
        return redirect(self.get_url(".index_view"))

    def _noted(self, letter_id: str, action: str, told: dict[str, Any]) -> None:
        note_change(self.session(), hand(), self.entity, letter_id, action, None, told)
        self.session.commit()


class SettingView(RecordView):
    """The desk's choices for what an analysis is not told."""

    entity = "user_settings"
    can_create = can_edit = can_delete = True
    column_list = ("name", "value", "updated_at")
    column_searchable_list = ("name",)
    column_filters = ("name", "updated_at")
    column_default_sort = "name"

    def scaffold_form(self) -> Any:
        """A setting and its value."""
        return SettingForm

    def make(self, session: Session, form: Any) -> Any:
        """Keep a choice, in the place of the one before."""
        set_preference(session, form.name.data, form.value.value, runtime().clock.now())
        return session.get(UserSetting, form.name.data, populate_existing=True)

    def change(self, session: Session, form: Any, row: Any) -> None:
        """Another value; the name stays."""
        set_preference(session, row.name, form.value.value, runtime().clock.now())

    def remove(self, session: Session, row: Any) -> None:
        """Back to the default."""
        drop_preference(session, row.name)


class ChangeView(RecordView):
    """What was changed by hand."""

    column_list = ("id", "at", "actor", "entity", "key", "action", "changes")
    column_formatters: ClassVar = {"changes": changes_in_a_line}
    column_formatters_detail: ClassVar = {"changes": before_and_after}
    column_searchable_list = ("entity", "key")
    column_filters = ("entity", "key", "action", "actor", "at")
    column_default_sort = ("id", True)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0
