"""Putting the web application and the command line together."""

from apiflask import APIFlask

from app import VERSION
from app.admin.mount import install_admin
from app.api.installation import install_api
from app.api.observation import install_observation
from app.cli import COMMANDS
from app.clock import Clock
from app.dashboard.mount import install_dashboard
from app.dispatch import Dispatch
from app.edge.installation import install_ring
from app.extensions import Migrations
from app.gate.entry import install_entry
from app.gate.guard import install_guard
from app.gate.recording import install_recording
from app.models import TABLES
from app.setting_types import PROJECT
from app.settings import Settings
from app.wiring import wire


def create_app(settings: Settings, dispatch: Dispatch, clock: Clock | None = None) -> APIFlask:
    """The Flask application with everything that it serves; it connects to nothing until it is used."""
    app = APIFlask("app", title="Thor", version=VERSION, docs_path=None)
    wire(app, settings, dispatch, clock)
    app.extensions["thor_tables"] = TABLES
    app.extensions["migrate"] = Migrations(str(PROJECT / "migrations"))
    install_observation(app)
    install_guard(app)
    install_recording(app)
    install_entry(app)
    install_api(app)
    install_dashboard(app)
    install_admin(app)
    install_ring(app, settings.shared_origins, {*settings.web_names, settings.web_host})
    for command in COMMANDS:
        app.cli.add_command(command)
    return app
