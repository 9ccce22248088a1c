"""A process that says everything to Schwab that a collector says, and fails in all the ways, with its logs at DEBUG.

    python -m tests.functional.schwab_talk [--bare]

The settings are the environment's. `--bare` logs as Python does it by itself: what that shows, ours must not.
"""

import asyncio
import logging
import sys

import httpx

from app.bus.connection import connect
from app.clock import SystemClock
from app.collectors.schwab.expiry import record_login
from app.collectors.schwab.granting import refresh
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.session import SchwabSession
from app.collectors.schwab.token_file import TokenFile
from app.collectors.schwab.upstream import library
from app.errors import ThorError
from app.logs import configure_logs
from app.settings import load_settings
from app.wiring import server_addresses

log = logging.getLogger("thor.talk")


async def talk(session: SchwabSession) -> None:
    """Log in to the stream, subscribe, read, be refused, refresh."""
    client = await session.client()
    await client.get_quotes(["/ES"])
    await client.get_user_preferences()
    stream = library().StreamClient(client)
    stream.add_level_one_futures_handler(lambda message: log.info("it says %s", message))
    await stream.login()
    await stream.level_one_futures_subs(["/ES"])
    await stream.handle_message()
    await stream.logout()
    await session.denied()
    client = await session.client()
    client.token_metadata.token = {"access_token": "I0.not-an-access-token@"}
    try:
        await library().StreamClient(client).login()
    except Exception:  # Whatever it is, it is logged, as a careless program would.
        log.exception("denied, with %s", client.session.token)
    log.info("headers %s", {"Authorization": client.session.token["access_token"]})
    await session.aclose()


def fail(plan: SchwabPlan) -> None:
    """Fail at the token endpoint and log what is thrown, with everything that hangs on it."""
    login = TokenFile(plan.token_file).read()
    assert login is not None
    try:
        with library().OAuth2Client(plan.client_id, plan.client_secret) as client:
            client.refresh_token(f"{plan.api_url}/v1/oauth/token", refresh_token=login.token.refresh_token + "x")
    except Exception:
        log.exception("refused %r %s", login, plan)
    try:
        httpx.get(f"{plan.api_url}/nowhere?code=C0.a-code-of-some-length%40", headers={"Authorization": "Bearer x"})
        worn = login.token.model_copy(update={"refresh_token": "x"})
        refresh(plan, login.model_copy(update={"token": worn}), SystemClock().now)
    except ThorError:
        log.exception("refused %r", login)


if __name__ == "__main__":
    settings = load_settings()
    if "--bare" in sys.argv:
        logging.basicConfig(level=logging.DEBUG)
    else:
        configure_logs("DEBUG", settings.log_format, server_addresses(settings), settings.secrets)
    assert settings.schwab is not None
    assert settings.redis_url is not None
    session = SchwabSession(settings.schwab, SystemClock())
    asyncio.run(talk(session))
    fail(settings.schwab)
    assert session.term is not None
    with connect(settings.redis_url.get_secret_value()) as bus:
        record_login(bus, session.term, SystemClock().now())
    print("talked")
