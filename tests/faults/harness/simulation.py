"""The collector of the simulated source as a process: python -m tests.faults.harness.simulation."""

from threading import Event

from app.cli.stopping import stop_on_signals
from app.factory import create_app
from app.logs import configure_logs
from app.operations.collecting import collect
from app.operations.wishes import SIMULATED
from app.runtime import EXTENSION, Runtime
from app.settings import load_settings
from tests.fakes import RecordingDispatch


def main() -> None:
    """Collect until the process is told to end, or fenced."""
    settings, stop = load_settings(_env_file=None), Event()
    configure_logs("INFO", "console", (None, None))
    stores: Runtime = create_app(settings, RecordingDispatch()).extensions[EXTENSION]
    with stop_on_signals(stop):
        collect(stores, SIMULATED, stop, stores.collector_plan)


if __name__ == "__main__":
    main()
