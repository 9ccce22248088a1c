"""What all tables of the admin have in common: to be read by default, changed only through rules and on record."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from flask import Response, flash, request
from flask_admin.actions import action
from flask_admin.base import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.tools import iterdecode
from sqlalchemy import inspect
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session, scoped_session

from app.access.roles import Role
from app.admin.columns import column_title
from app.admin.history import hand, note_change, plain, values_of
from app.admin.showing import IN_DETAILS, IN_LISTS, exported
from app.errors import ThorError
from app.gate.guard import caller

PAGE: Final = 50
MOST_EXPORTED: Final = 20_000
# A greater number of rows to skip than PostgreSQL takes could come of more.
MOST_PAGES: Final = 10**9


class Sessions:
    """Where views find the session of their request."""

    def __init__(self, session: scoped_session[Session]) -> None:
        self.session = session


class RecordView(ModelView):
    """A table to look at: filtered, searched, sorted, paged, exported as CSV, each row with a page of its own.

    A view that lets rows be changed says how in `make`, `change` or `remove`, by calling the stores; the change, and
    the row that records it, are committed together. What the rules of a store refuse is shown as they word it.
    """

    entity: ClassVar[str] = ""

    can_create = can_edit = can_delete = False
    can_view_details = True
    can_export = True
    can_set_page_size = True
    page_size = PAGE
    page_size_options = (20, PAGE, 100, 200)
    export_max_rows = MOST_EXPORTED
    export_types: ClassVar[Sequence[str]] = ("csv",)
    column_display_pk = True
    column_hide_backrefs = False
    column_type_formatters: ClassVar[Mapping[type, Any]] = IN_LISTS
    column_type_formatters_detail: ClassVar[Mapping[type, Any]] = IN_DETAILS
    named_filter_urls = True
    list_template = "thor/list.html"
    details_template = "thor/details.html"

    def __init__(self, model: type, sessions: Sessions, name: str, category: str, place: str) -> None:
        super().__init__(model, sessions, name=name, category=category, endpoint=place, url=place)
        self.session = sessions.session

    def get_column_name(self, field: str) -> str:
        """A column as people call it."""
        return column_title(field)

    def search_placeholder(self) -> str | None:
        """What is searched."""
        names = [column_title(name) for name in self.column_searchable_list or ()]
        return ", ".join(names) or None

    def is_accessible(self) -> bool:
        """Whether the caller is an admin; whoever is not does not get here in the first place."""
        return caller().role.allows(Role.ADMIN)

    def make(self, session: Session, form: Any) -> Any:
        """Add a row for what a form says, and return it."""
        raise NotImplementedError

    def change(self, session: Session, form: Any, row: Any) -> None:
        """Change a row to what a form says; an inline edit has only its own field."""
        raise NotImplementedError

    def remove(self, session: Session, row: Any) -> None:
        """Take a row away."""
        session.delete(row)

    def create_model(self, form: Any) -> Any:
        """Add a row on record; False when the rules refuse it."""
        with self._one_change() as outcome:
            row = self.make(self.session(), form)
            self._note(row, "create", None, self._values(row))
            outcome.done = row
        return outcome.done

    def update_model(self, form: Any, model: Any) -> bool:
        """Change a row on record; False when the rules refuse it."""
        with self._one_change() as outcome:
            before = self._values(model)
            self.change(self.session(), form, model)
            self.session.flush()
            self.session.refresh(model)
            self._note(model, "edit", before, self._values(model))
            outcome.done = True
        return bool(outcome.done)

    def delete_model(self, model: Any) -> bool:
        """Take a row away on record; False when the rules refuse it."""
        with self._one_change() as outcome:
            before, key = self._values(model), self._key(model)
            self.remove(self.session(), model)
            note_change(self.session(), hand(), self.entity, key, "delete", before)
            outcome.done = True
        return bool(outcome.done)

    def handle_view_exception(self, exc: Exception) -> bool:
        """Show what the rules refuse; everything else is a fault."""
        if isinstance(exc, ThorError):
            flash(str(exc), "error")
            return True
        if isinstance(exc, IntegrityError):
            rule = getattr(getattr(exc.orig, "diag", None), "constraint_name", None)
            flash(f"The database refuses this{f' by its rule {rule}' if rule else ''}.", "error")
            return True
        if isinstance(exc, DataError):
            flash(f"The database refuses this: {str(exc.orig).splitlines()[0][:200]}.", "error")
            return True
        return False

    def get_one(self, id: Any) -> Any:
        """The row of a key; None when there is none, or the text is no key."""
        if len(iterdecode(id)) != len(inspect(self.model).primary_key):
            return None
        try:
            return super().get_one(id)
        except DataError:
            self.session.rollback()
            return None

    def get_list(self, page: int | None, *args: Any, **options: Any) -> Any:
        """The rows of a page, and how many there are in all; none on a page that no table has."""
        return super().get_list(page if page is None else min(page, MOST_PAGES), *args, **options)

    @action("delete", "Delete", "Take the chosen rows away for good?")
    def action_delete(self, ids: list[str]) -> None:
        """Take the chosen rows away, each on record; one that is not there is told, and the others go."""
        for one in ids:
            row = self.get_one(one)
            if row is None:
                flash(f"There is no row {one[:40]}.", "error")
            elif self.delete_model(row):
                flash(f"{one[:40]} is taken away.", "success")

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        """An inline edit: the answer is plain text, with 400 for what is refused."""
        if self.column_editable_list and not any(name in request.form for name in self.column_editable_list):
            return Response("Nothing here can be changed in a list.", status=400, mimetype="text/plain")
        answer = super().ajax_update()
        text, status = answer if isinstance(answer, tuple) else (answer, 200)
        return Response(str(text or ""), status=400 if status == 500 else status, mimetype="text/plain")

    def get_export_value(self, model: Any, name: str) -> Any:
        """A cell of a file, exact, and no formula."""
        return exported(self._get_field_value(model, name))

    def _values(self, row: Any) -> dict[str, Any]:
        self.session.flush()
        return values_of(row)

    def _note(self, row: Any, action: str, before: Any, after: Any) -> None:
        note_change(self.session(), hand(), self.entity, self._key(row), action, before, after)

    def _key(self, row: Any) -> str:
        found = inspect(self.model).primary_key_from_instance(row)
        return "/".join(str(plain(part)) for part in found)

    @contextmanager
    def _one_change(self) -> Any:
        outcome = _Outcome()
        try:
            yield outcome
            self.session.commit()
        except Exception as error:
            self.session.rollback()
            outcome.done = False
            if not self.handle_view_exception(error):
                raise


class _Outcome:
    done: Any = False


def do_each(view: RecordView, ids: Sequence[str], step: Callable[[Session, str], str]) -> None:
    """Do something with each of the chosen rows, each in a transaction of its own, and tell what became of it."""
    for one in ids:
        try:
            told = step(view.session(), one)
            view.session.commit()
            flash(told, "success")
        except ThorError as error:
            view.session.rollback()
            flash(str(error), "error")
