"""The live sources as the settings have them."""

import sys
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from app.collectors.excel.plan import ExcelPlan, Provider
from app.collectors.schwab.plan import SchwabPlan
from app.setting_types import listed


class SourceSettings(Protocol):
    """The settings of Excel's sheet and of Schwab."""

    state_dir: Path
    data_provider: Provider | None
    excel_data_file: Path | None
    excel_sheet_name: str
    excel_live_range: str
    excel_live_require_open: bool
    excel_poll_ms: int
    schwab_client_id: SecretStr | None
    schwab_client_secret: SecretStr | None
    schwab_redirect_uri: str
    schwab_refresh_token: SecretStr | None
    schwab_token_file: Path | None
    schwab_symbols: str
    schwab_api_url: str


def excel_plan(told: SourceSettings) -> ExcelPlan | None:
    """The sheet that is collected; None where none is."""
    if told.excel_data_file is None:
        return None
    usual: Provider = "excel_live" if sys.platform in ("win32", "darwin") else "excel_file"
    return ExcelPlan(
        told.data_provider or usual,
        told.excel_data_file,
        told.excel_sheet_name,
        told.excel_live_range,
        told.excel_live_require_open,
        told.excel_poll_ms / 1000,
    )


def schwab_plan(told: SourceSettings) -> SchwabPlan | None:
    """How Schwab is collected; None where it is not."""
    if told.schwab_client_id is None or told.schwab_client_secret is None:
        return None
    seed = told.schwab_refresh_token
    return SchwabPlan(
        told.schwab_client_id.get_secret_value(),
        told.schwab_client_secret.get_secret_value(),
        told.schwab_redirect_uri,
        told.schwab_token_file or told.state_dir / "schwab" / "token.json",
        told.schwab_api_url,
        seed.get_secret_value() if seed else None,
        tuple(listed(told.schwab_symbols)),
    )
