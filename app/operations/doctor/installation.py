"""What is examined: one installation, as its settings and its state directory tell of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.collectors.excel.plan import ExcelPlan
from app.collectors.schwab.plan import SchwabPlan
from app.stores import Stores


@dataclass(frozen=True)
class Installation:
    """An installation.

    `project` has the code with its requirements and migrations, `dashboard` the page that was built. `database_url` and
    `redis_url` are those of the settings, None where Thor runs its own servers. `holder` is the pid of the `flask up`
    that runs here, None where none does, and `web_pid` that of its web server. `ports` are those on which what runs
    here listens, by name; `web_host` is the address that the web server was told. `secret_settings` are the names of
    settings that hold secrets, and `secrets` what no line may show.
    """

    stores: Stores
    project: Path
    dashboard: Path
    state_dir: Path
    lake_dir: Path
    spool_dir: Path
    database_url: str | None = field(default=None, repr=False)
    redis_url: str | None = field(default=None, repr=False)
    holder: int | None = None
    web_pid: int | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    web_host: str = "127.0.0.1"
    web_threads: int = 256
    sse_max_clients: int = 200
    stream_cap: int = 10_000_000
    sources: Sequence[str] = ()
    schwab: SchwabPlan | None = None
    excel: ExcelPlan | None = None
    secret_settings: Collection[str] = ()
    secrets: Sequence[str] = field(default=(), repr=False)

    @property
    def places(self) -> dict[str, Path]:
        """The folders that hold data, by name; PostgreSQL's where it is this installation's own."""
        found = {"state": self.state_dir, "lake": self.lake_dir, "spool": self.spool_dir}
        if self.database_url is None:
            found["postgres"] = self.state_dir / "postgres"
        return found
