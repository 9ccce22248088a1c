"""The admin's first page: what is under way, and what was recommended last."""

from typing import Any, Final

from flask_admin import AdminIndexView
from flask_admin.base import expose
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, scoped_session

from app.admin.mount import PREFIX
from app.jobs.models import AnalysisJob, Signal
from app.jobs.service import list_jobs
from app.ledger.models import DeadLetter
from app.runtime import runtime

SHOWN: Final = 10


class HomeView(AdminIndexView):
    """A page to begin with."""

    def __init__(self, session: scoped_session[Session]) -> None:
        super().__init__(name="Home", url=PREFIX, endpoint="admin", template="thor/home.html")
        self._session = session

    @expose("/")
    def index(self) -> Any:
        """The latest jobs and signals, and how many there are of each status."""
        session = self._session()
        status = select(AnalysisJob.status, func.count()).group_by(AnalysisJob.status).order_by(AnalysisJob.status)
        newest = select(Signal).ext(distinct_on(Signal.symbol)).order_by(Signal.symbol, Signal.id.desc())
        letters = select(func.count()).select_from(DeadLetter).where(DeadLetter.state == "open")
        return self.render(
            "thor/home.html",
            counts=list(session.execute(status)),
            jobs=list_jobs(session, limit=SHOWN),
            signals=list(session.scalars(newest)),
            letters=session.scalar(letters),
            now=runtime().clock.now(),
        )
