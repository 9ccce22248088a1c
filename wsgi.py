"""The web server's and the command line's entry point: settings, logs, the application and its way to the workers."""

from functools import cache

import click

from app.errors import ThorError
from app.factory import create_app
from app.logs import configure_logs
from app.settings import load_settings
from app.wiring import server_addresses
from workers.dispatch import CeleryDispatch, make_celery

try:
    settings = load_settings()
except ThorError as error:
    click.echo(f"error: {error}", err=True)
    raise SystemExit(2) from None
configure_logs(settings.log_level, settings.log_format, server_addresses(settings))
app = create_app(settings, CeleryDispatch(cache(lambda: make_celery(server_addresses(settings)[1]))))
