"""The live sources: the login at Schwab, and Excel's sheet."""

import os
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from app.collectors.excel.plan import ExcelPlan
from app.collectors.schwab.expiry import LoginTerm, threshold_of
from app.collectors.schwab.plan import SchwabPlan
from app.collectors.schwab.tokens import Login
from app.operations.doctor.findings import Finding
from app.operations.doctor.installation import Installation

_LOGIN = "`flask schwab-login`"


def look_at_sources(installation: Installation) -> Iterator[Finding]:
    """Whether what is set up of the live sources can be collected."""
    if installation.schwab:
        yield check_login(installation.schwab, installation.stores.clock.now())
    if installation.excel:
        yield check_excel(installation.excel, sys.platform)
    if not (installation.schwab or installation.excel):
        yield Finding("live_sources", "ok", "neither Schwab nor Excel is set up")


def check_login(plan: SchwabPlan, now: datetime) -> Finding:
    """The login at Schwab is there and good, for 48 hours and more; the file is read, and not touched."""
    path = plan.token_file
    try:
        login = Login.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        if plan.refresh_token:
            return Finding("schwab_login", "warning", "only SCHWAB_REFRESH_TOKEN, good for a week at most", _LOGIN)
        return Finding("schwab_login", "wrong", "nobody has logged in at Schwab", _LOGIN)
    except OSError as error:
        return Finding("schwab_login", "wrong", f"{path} cannot be read: {error.strerror}", "run as its owner")
    except ValidationError:
        return Finding("schwab_login", "wrong", f"{path} is damaged", _LOGIN)
    term = LoginTerm(login.expires_at, login.login_known)
    if term.is_over(now):
        return Finding("schwab_login", "wrong", term.told(now), _LOGIN)
    if not term.is_known or threshold_of(term.expires_at, now) is not None:
        return Finding("schwab_login", "warning", term.told(now), _LOGIN)
    age_h = (now.timestamp() - login.creation_timestamp) / 3600
    return Finding("schwab_login", "ok", f"{term.told(now)}; made {age_h:.0f} h ago")


def check_excel(plan: ExcelPlan, platform: str) -> Finding:
    """The sheet can be read here: a running Excel needs Windows or macOS, a file must be there."""
    if plan.provider == "excel_live":
        if platform not in ("win32", "darwin"):
            told = "DATA_PROVIDER is excel_live, which needs Excel on Windows"
            return Finding("excel", "wrong", told, "run `flask excel-to-redis` there, or set DATA_PROVIDER=excel_file")
        if plan.require_open or plan.file.is_file():
            return Finding("excel", "ok", f"reads {plan.file.name} from a running Excel")
    return _check_file(plan.file)


def _check_file(path: Path) -> Finding:
    if not path.is_file():
        fix = "set EXCEL_DATA_FILE to the workbook; `flask excel-template` writes one"
        return Finding("excel", "wrong", f"there is no file {path}", fix)
    if not os.access(path, os.R_OK):
        return Finding("excel", "wrong", f"{path} cannot be read", "let the user who runs Thor read it")
    return Finding("excel", "ok", f"{path} is there: `flask excel-check` shows what it says")
