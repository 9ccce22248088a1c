import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from app.clock import SystemClock
from app.collectors.schwab.session import NeedsLogin, SchwabSession
from app.collectors.schwab.tokens import Login
from app.collectors.schwab.upstream import library
from app.errors import Unavailable


@asynccontextmanager
async def session_of(plan, clock=None):
    session = SchwabSession(plan, clock or SystemClock())
    try:
        yield session
    finally:
        await session.aclose()


def test_its_client_asks_the_api_of_the_plan_with_a_good_token(standin, plan, kept):
    async def ask():
        async with session_of(plan) as session:
            client = await session.client()
            return await client.get_quotes(["/ES"])

    answer = asyncio.run(ask())

    assert answer.status_code == 200
    assert [request["path"] for request in standin.requests] == ["/v1/oauth/token", "/marketdata/v1/quotes"]


def test_a_stream_logs_in_with_the_token_that_is_good_now(standin, plan, kept):
    async def stream():
        async with session_of(plan) as session:
            await session.client()
            await session.denied()
            stream = library().StreamClient(await session.client())
            await stream.login()
            await stream.logout()

    asyncio.run(stream())

    assert standin.logins == 1


def test_a_denied_token_is_another_one_at_the_next_client_which_is_the_same_object(standin, plan, kept):
    async def ask():
        async with session_of(plan) as session:
            first = await session.client()
            standin.faults.expire_access()
            denied = await first.get_quotes(["/ES"])
            await session.denied()
            second = await session.client()
            third = await session.client()
            return first is second is third, denied.status_code, (await second.get_quotes(["/ES"])).status_code

    assert asyncio.run(ask()) == (True, 401, 200)
    assert standin.refreshes == 2


def test_the_client_never_refreshes_by_itself(standin, plan, kept, clock):
    async def ask():
        async with session_of(plan, clock) as session:
            client = await session.client()
            clock.wrong_by = timedelta(hours=5)
            standin.faults.expire_access()
            return (await client.get_quotes(["/ES"])).status_code

    assert asyncio.run(ask()) == 401
    assert standin.refreshes == 1


def test_it_tells_when_the_login_ends(plan, kept):
    async def tell():
        async with session_of(plan) as session:
            before = session.term
            await session.client()
            return before, session.term.expires_at, session.term.is_known

    assert asyncio.run(tell()) == (None, kept.expires_at, True)


def test_it_warns_of_the_end_once(standin, plan, file, caplog):
    with file.held():
        file.write(Login.model_validate(standin.token(age_s=5.5 * 86_400)))

    async def use():
        async with session_of(plan) as session:
            for _ in range(3):
                await session.client()

    asyncio.run(use())

    assert ["flask schwab-login" in record.message for record in caplog.records if "expiry" in record.name] == [True]


def test_a_login_that_is_made_while_nothing_is_asked_is_noticed(standin, plan, kept, file):
    async def look():
        async with session_of(plan) as session:
            before = await session.look()
            await session.client()
            newer = Login.model_validate(standin.token())
            with file.held():
                file.write(newer)
            return before, await session.look() == session.term, session.term.expires_at == newer.expires_at

    assert asyncio.run(look()) == (None, True, True)
    assert standin.refreshes == 1


def test_a_login_that_is_gone_is_over(plan, kept, file):
    async def look():
        async with session_of(plan) as session:
            await session.client()
            file.path.unlink()
            return (await session.look()).is_over(SystemClock().now())

    assert asyncio.run(look())


def test_the_end_is_warned_of_also_while_nothing_is_asked(plan, kept, clock, caplog):
    async def look():
        async with session_of(plan, clock) as session:
            await session.client()
            for hours_left in (100, 47, 46, 23, 5):
                clock.wrong_by = timedelta(hours=6 * 24 + 23 - hours_left)
                await session.look()

    asyncio.run(look())

    warnings = [record.message for record in caplog.records if "expiry" in record.name]
    assert [line.split(", for ")[1].split(" ")[0] for line in warnings] == ["46", "22", "4"]


def test_a_login_that_schwab_refuses_is_over_at_once(standin, plan, kept):
    standin.faults.expire_refresh()

    async def use():
        async with session_of(plan) as session:
            with pytest.raises(NeedsLogin):
                await session.client()
            return session.term.is_over(SystemClock().now()) and (await session.look()).is_over(SystemClock().now())

    assert asyncio.run(use())


def test_without_schwab_it_says_that_schwab_is_away(standin, plan, kept):
    standin.faults.refuse_connections(rest=True)

    async def use():
        async with session_of(plan) as session:
            await session.client()

    with pytest.raises(Unavailable):
        asyncio.run(use())


def test_after_its_end_it_begins_anew(plan, kept):
    async def use():
        async with session_of(plan) as session:
            first = await session.client()
            await session.aclose()
            second = await session.client()
            return first is second, (await second.get_quotes(["/ES"])).status_code

    assert asyncio.run(use()) == (False, 200)


def test_no_secret_is_in_its_repr(standin, plan, kept):
    async def use():
        async with session_of(replace(plan, refresh_token="a-seed-token")) as session:
            client = await session.client()
            return "".join(map(repr, (session, vars(session), client, client.session)))

    shown = asyncio.run(use())

    known = (plan.client_secret, "a-seed-token", kept.token.refresh_token, kept.token.access_token)
    assert not [secret for secret in known if secret in shown]
