"""The web server's and the command line's entry point: settings, logs, the application and its way to the workers."""

from functools import cache

import click

from app.cli.console import exit_code
from app.errors import ThorError
from app.factory import create_app
from app.logs import configure_logs
from app.settings import load_settings
from app.wiring import server_addresses
from workers.dispatch import REPLY_WITHIN_S, CeleryDispatch, make_celery

try:
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format, server_addresses(settings), settings.secrets)
except ThorError as error:
    click.echo(f"error: {error}", err=True)
    raise SystemExit(exit_code(error)) from None
sender = cache(lambda: make_celery(server_addresses(settings)[1], reply_within_s=REPLY_WITHIN_S))
app = create_app(settings, CeleryDispatch(sender))
