import ast
import os
import tempfile
from datetime import timedelta
from decimal import Decimal

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

from app.lake.layout import Lake
from tests.factories import DAY
from tests.ticks import OPEN, trade, write_ticks
from tests.tree import ROOT

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LIMIT_S = 90


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_committed_notebook_has_no_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]

    assert cells
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count is not None] == []


def test_the_backtest_runs_on_a_fresh_clone(sockets):
    result = run("backtest_example", sockets)

    assert result["symbol"] == "ES"
    # Trading days of CME from July to September 2025, with Independence Day and Labor Day among them.
    assert result["sessions"] == 66
    assert result["trades"] > 100
    # Prices of the made lake are random.
    assert result["p_value"] > 0.05
    assert result["verdict"] == "within the noise"


def test_the_backtest_earns_what_the_ticks_of_a_lake_say(sockets, rising):
    result = run("backtest_example", sockets, THOR_DATA=str(rising.root), THOR_SYMBOL="NQ")

    # The price rises by a point in each of 92 quarters of an hour: the mean of 8 is above that of 32 from the 32nd on,
    # so 60 points of 20 dollars are earned; the round turn costs 1.5 ticks of 5 dollars and 4.50.
    assert result["profit"] == 60 * 20 - 1.5 * 5 - 4.5
    assert (result["symbol"], result["trades"], result["bars"]) == ("NQ", 1, 92)
    assert result["p_value"] is None


def test_all_readers_of_the_lake_agree(sockets):
    result = run("reading_the_lake", sockets)

    assert result.pop("close") > 0
    # In the quietest hours of the night there may be no trade.
    assert 20 <= result.pop("hours") <= 23
    assert result == {"symbol": "ES", "polars agrees": True, "pandas agrees": True, "bars agree": True}


def run(name, sockets, **environment):
    """The value of the cell that is tagged as the result, after all cells ran where Jupyter would run them."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    reached = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/kernel"}})
    place = {"metadata": {"path": str(FOLDER)}}
    client = NotebookClient(notebook, kernel_name="python3", timeout=LIMIT_S, resources=place, config=reached)
    client.execute(env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", **environment})
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert [out for out in outputs if out.output_type == "error" or out.get("name") == "stderr"] == []
    last = next(cell for cell in notebook.cells if "result" in cell.metadata.get("tags", []))
    return ast.literal_eval(last.outputs[0].data["text/plain"])


@pytest.fixture
def sockets():
    """Where the sockets of a kernel lie; their path must be shorter than pytest's folders."""
    with tempfile.TemporaryDirectory(prefix="thor-") as folder:
        yield folder


@pytest.fixture
def rising(tmp_path):
    """A lake with a session of NQ in which each quarter of an hour ends a point higher."""
    lake = Lake(tmp_path / "lake")
    found = [
        trade(900 * place + 600, Decimal(20_000 + place), place + 1, symbol="NQ", contract="NQZ25", seq=place + 1)
        for place in range(92)
    ]
    assert found[-1].ts - OPEN < timedelta(hours=23)
    write_ticks(lake, found, day=DAY)
    return lake
