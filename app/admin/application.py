"""The admin as an application of its own: its tables, its login, its guards."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask import Response as FlaskResponse
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import scoped_session
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.access.logins import LONGEST
from app.access.models import ApiKey, AuditEntry, User
from app.admin.access import AuditView, KeyView, UserView
from app.admin.alerts import AlertView, DeliveryView
from app.admin.desk import CertificateView, ChangeView, DeadLetterView, SettingView, SnapshotView
from app.admin.findings import ModelView, PredictionView, ResultView, ScoreView, SignalView
from app.admin.home import HomeView
from app.admin.instruments import ContractWeightView, InstrumentView, MarketView, SignalWeightView, WatchlistView
from app.admin.jobs import JobView
from app.admin.mount import PREFIX
from app.admin.premarket import ReportView, StageView
from app.admin.records import RecordView, Sessions
from app.admin.security import install_security, nonce
from app.alerts.models import Alert, AlertDelivery
from app.desk.models import Market, MarketDataSnapshot, SessionCertificate
from app.edge.limiting import limit_rates
from app.errors import Conflict, NotFound, Rejected, ThorError, Unavailable
from app.instruments.models import ContractWeight, SignalWeight, TradingInstrument
from app.jobs.models import (
    AdminChange,
    AnalysisJob,
    AnalysisResult,
    Prediction,
    PredictionModel,
    PredictionScore,
    Signal,
    UserSetting,
)
from app.ledger.models import DeadLetter
from app.local.credentials import session_key
from app.premarket.models import PremarketReport, PremarketStage
from app.reports.measures import readable
from app.reports.wording import title_of
from app.runtime import EXTENSION, Runtime

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES: Final = 256 * 1024
_RETRY_AFTER_S: Final = 2
_STATUS: Final = ((Rejected, 400), (NotFound, 404), (Conflict, 409), (Unavailable, 503))
_AWAY: Final = (OperationalError, InterfaceError, PoolTimeoutError)
# The scripts in attributes that Flask-Admin's own pages have, beside those of actions.
_HANDLERS: Final = (
    "return false;",
    "return faHelpers.safeConfirm('Are you sure you want to delete this record?');",
)
_VIEWS: Final = (
    (JobView, AnalysisJob, "Jobs", "Analysis", "jobs"),
    (ResultView, AnalysisResult, "Results", "Analysis", "results"),
    (SignalView, Signal, "Signals", "Analysis", "signals"),
    (PredictionView, Prediction, "Predictions", "Analysis", "predictions"),
    (ScoreView, PredictionScore, "Scores", "Analysis", "scores"),
    (ModelView, PredictionModel, "Models", "Analysis", "models"),
    (WatchlistView, TradingInstrument, "Watchlist", "Market", "watchlist"),
    (InstrumentView, TradingInstrument, "Instruments", "Market", "instruments"),
    (ContractWeightView, ContractWeight, "Contract weights", "Market", "contract-weights"),
    (SignalWeightView, SignalWeight, "Signal weights", "Market", "signal-weights"),
    (MarketView, Market, "Markets", "Market", "markets"),
    (AlertView, Alert, "Alerts", "Desk", "alerts"),
    (DeliveryView, AlertDelivery, "Messages about alerts", "Desk", "alert-deliveries"),
    (ReportView, PremarketReport, "Before the open", "Desk", "premarket-reports"),
    (StageView, PremarketStage, "Stages before the open", "Desk", "premarket-stages"),
    (SnapshotView, MarketDataSnapshot, "Sessions", "Desk", "snapshots"),
    (CertificateView, SessionCertificate, "Certificates", "Desk", "certificates"),
    (DeadLetterView, DeadLetter, "Dead letters", "Desk", "dead-letters"),
    (SettingView, UserSetting, "Settings", "Desk", "settings"),
    (ChangeView, AdminChange, "Changes by hand", "Desk", "changes"),
    (UserView, User, "Users", "Access", "users"),
    (KeyView, ApiKey, "API keys", "Access", "keys"),
    (AuditView, AuditEntry, "Audit", "Access", "audit"),
)


def make_admin(runtime: Runtime) -> Flask:
    """The application that answers below /admin, on the stores of `runtime`; nothing connects before a request."""
    app = Flask("app.admin", static_folder=None, template_folder=str(Path(__file__).with_name("templates")))
    app.config.update(_configuration(runtime))
    app.extensions[EXTENSION] = runtime
    session = scoped_session(runtime.sessions)
    app.teardown_appcontext(lambda _error: session.remove())
    views = [made(model, Sessions(session), name, group, place) for made, model, name, group, place in _VIEWS]
    app.jinja_env.filters.update(readable=readable, title_of=title_of)
    install_security(app, [*_HANDLERS, *_action_scripts(views)])
    limit_rates(app, runtime.settings.rate_limit_per_s, runtime.settings.write_limit_per_s, _slow_down)
    admin = Admin(
        app, "Thor", index_view=HomeView(session), theme=Bootstrap4Theme(base_template="thor/base.html", fluid=True),
        csp_nonce_generator=nonce,
    )  # fmt: skip
    admin.add_views(*views)
    _install_errors(app)
    return app


def _configuration(runtime: Runtime) -> dict[str, Any]:
    return {
        "SECRET_KEY": session_key(runtime.settings.state_dir),
        "SESSION_COOKIE_NAME": "thor_admin",
        "SESSION_COOKIE_PATH": PREFIX,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Strict",
        "PERMANENT_SESSION_LIFETIME": LONGEST,
        "MAX_CONTENT_LENGTH": BODY_LIMIT_BYTES,
        "MAX_FORM_MEMORY_SIZE": BODY_LIMIT_BYTES,
        # Every change is looked at in one place, before anything else.
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _action_scripts(views: list[RecordView]) -> list[str]:
    return [f"return modelActions.execute('{name}');" for view in views for name, _ in view.get_actions_list()[0]]


def _install_errors(app: Flask) -> None:
    app.register_error_handler(HTTPException, lambda error: _told(error.code or 500, error.description or error.name))
    app.register_error_handler(ThorError, _from_kind)
    for kind in _AWAY:
        app.register_error_handler(kind, _from_outage)


def _from_kind(error: ThorError) -> Response:
    return _told(next((status for kind, status in _STATUS if isinstance(error, kind)), 500), str(error))


def _from_outage(error: Exception) -> Response:
    log.warning("the admin cannot reach PostgreSQL: %s", type(error).__name__)
    return _told(503, "PostgreSQL does not answer: see `flask status`")


def _slow_down(text: str, headers: Mapping[str, str]) -> FlaskResponse:
    told = f"{HTTPStatus.TOO_MANY_REQUESTS.phrase}: {text}\n"
    return FlaskResponse(told, HTTPStatus.TOO_MANY_REQUESTS, dict(headers), mimetype="text/plain")


def _told(status: int, text: str) -> Response:
    headers = {"Retry-After": str(_RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(f"{HTTPStatus(status).phrase}: {text}\n", status, headers, mimetype="text/plain")
