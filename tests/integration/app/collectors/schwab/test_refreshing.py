import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from app.collectors.schwab.refreshing import Refresher
from app.collectors.schwab.tokens import Login, NeedsLogin
from app.errors import Unavailable
from tests.servers import ROOT

ONE_REFRESH = """
import sys
from pathlib import Path
from app.clock import SystemClock
from app.collectors.schwab.upstream import library
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.refreshing import Refresher

directory, url, key, secret = sys.argv[1:]
library()
refresher = Refresher(SchwabPlan(key, secret, "https://127.0.0.1:8182", Path(directory), url), SystemClock())
print("ready", flush=True)
sys.stdin.readline()
print(refresher.good().token.access_token, flush=True)
"""


def test_a_fresh_login_is_used_without_a_question(standin, plan, file, clock):
    with file.held():
        file.write(Login.model_validate(standin.token()))

    assert Refresher(plan, clock).good() == file.read()
    assert standin.refreshes == 0


def test_an_old_access_token_is_refreshed_once_and_kept(standin, plan, file, kept, clock):
    refresher = Refresher(plan, clock)

    given = [refresher.good(), refresher.good(), Refresher(plan, clock).good()]

    assert given == [file.read()] * 3
    assert given[0].is_fresh(clock.now())
    assert given[0].expires_at == kept.expires_at
    assert standin.refreshes == 1


def test_a_refused_access_token_is_replaced_although_it_seems_fresh(standin, plan, kept, clock):
    refresher = Refresher(plan, clock)
    refused = refresher.good().token.access_token
    standin.faults.expire_access()

    assert refresher.good(refused).token.access_token != refused
    assert standin.refreshes == 2


def test_a_refused_access_token_is_not_asked_for_where_another_process_has_a_newer_one(standin, plan, kept, clock):
    refused = Refresher(plan, clock).good().token.access_token
    newer = Refresher(plan, clock).good(refused)

    assert Refresher(plan, clock).good(refused) == newer
    assert standin.refreshes == 2


def test_several_processes_that_need_a_refresh_at_once_ask_for_one(standin, plan, kept):
    words = [str(plan.token_file), plan.api_url, plan.client_id, plan.client_secret]
    standin.faults.slow(0.3)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ONE_REFRESH, *words],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    given = {process.communicate("\n")[0] for process in all_told(processes)}

    assert [process.returncode for process in processes] == [0] * 4
    assert len(given) == 1
    assert standin.refreshes == 1


def test_several_threads_that_need_a_refresh_at_once_ask_for_one(standin, plan, kept, clock):
    refresher, given = Refresher(plan, clock), []
    threads = [threading.Thread(target=lambda: given.append(refresher.good())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(given) == 8
    assert standin.refreshes == 1


def test_without_a_login_a_person_is_asked_for_one(standin, plan, clock):
    with pytest.raises(NeedsLogin, match="flask schwab-login"):
        Refresher(plan, clock).good()

    assert standin.requests == []


def test_a_refresh_token_of_the_settings_is_a_start_where_there_is_no_file(standin, plan, file, clock):
    seeded = replace(plan, refresh_token=standin.token()["token"]["refresh_token"])

    login = Refresher(seeded, clock).good()

    assert not login.login_known
    assert file.read() == login


def test_a_refresh_token_of_the_settings_means_nothing_beside_a_file(standin, plan, kept, clock):
    login = Refresher(replace(plan, refresh_token="an-old-one"), clock).good()

    assert login.token.refresh_token == kept.token.refresh_token
    assert login.login_known


def test_a_refused_login_is_not_asked_about_again_for_five_minutes(standin, plan, kept, clock):
    standin.faults.expire_refresh()
    refresher = Refresher(plan, clock)

    for by in (0, 0, 299, 301):
        clock.wrong_by = timedelta(seconds=by)
        with pytest.raises(NeedsLogin, match="unsupported_token_type"):
            refresher.good()

    assert len(standin.requests) == 2
    assert refresher.refused_at is not None


def test_a_new_login_goes_on_at_once_after_a_refusal(standin, plan, file, kept, clock):
    standin.faults.expire_refresh()
    refresher = Refresher(plan, clock)
    with pytest.raises(NeedsLogin):
        refresher.good()

    with file.held():
        file.write(Login.model_validate(standin.token()))

    assert refresher.good() == file.read()
    assert refresher.refused_at is None


def test_a_lost_answer_leaves_the_login_that_can_be_refreshed_again(standin, plan, file, kept, clock):
    standin.faults.refuse_connections(rest=True)
    refresher = Refresher(plan, clock)
    with pytest.raises(Unavailable):
        refresher.good()
    assert file.read() == kept

    standin.faults.refuse_connections(on=False)

    assert refresher.good().is_fresh(clock.now())


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(hours=-2), timedelta(hours=2), timedelta(days=400)])
def test_a_clock_that_jumps_costs_a_refresh_and_nothing_else(standin, plan, kept, clock, jump):
    refresher = Refresher(plan, clock)
    before = refresher.good()

    clock.wrong_by = jump
    during = refresher.good()
    clock.wrong_by = timedelta(0)
    after = refresher.good()

    assert len({login.token.access_token for login in (before, during, after)}) == 3
    assert after.is_fresh(clock.now())
    assert after.expires_at == kept.expires_at
    assert [refresher.good(), standin.refreshes] == [after, 3]


def test_a_disk_that_takes_nothing_does_not_end_a_login_that_was_refreshed(
    standin, plan, kept, clock, monkeypatch, caplog
):
    refresher = Refresher(plan, clock)
    monkeypatch.setattr("os.fsync", full)

    given = [refresher.good(), refresher.good()]

    assert given[0] == given[1]
    assert given[0].is_fresh(clock.now())
    assert standin.refreshes == 1
    assert "No space left" in caplog.text


def test_a_damaged_file_is_mended_by_the_next_refresh(standin, plan, file, kept, clock):
    with file.held():
        file.write(kept)
    file.path.write_text("{")

    login = Refresher(plan, clock).good()

    assert Login.model_validate_json(file.path.read_bytes()) == login
    assert Login.model_validate_json(file.previous.read_bytes()) == kept


def all_told(processes):
    """The processes, all of them told to go on before the first is waited for."""
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    return processes


def full(_file):
    raise OSError(28, "No space left on device")
