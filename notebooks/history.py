# %% [markdown]
# # History
# Ticks and bars of any range, wherever they are. Run it as a notebook (each `# %%` is a cell) or as a script:
# `PYTHONPATH=. python notebooks/history.py ES`. It reads the settings of this folder, so `make up` is enough.

# %%
import sys
from datetime import UTC, datetime, timedelta

import polars as pl

from app.notebook import History

symbol = sys.argv[1] if len(sys.argv) == 2 else "ES"
end = datetime.now(UTC)
start = end - timedelta(days=7)
history = History()

# %% Ticks: exact prices, one row for each event, in the order of (ts, seq, source).
ticks = pl.from_arrow(history.ticks(symbol, start, end, columns=["ts", "source", "last", "volume", "trade"]))
print(ticks.group_by("source").agg(pl.len(), pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")))

# %% Bars: a bar is known at its t_close; coverage says for how much of it the source was alive.
bars = pl.from_arrow(history.bars(symbol, "5m", start, end))
print(bars.tail(5))

# %% What is missing, and why.
for source in bars["source"].unique():
    for hole in history.holes(symbol, "5m", start, end, source=source)[-5:]:
        print(source, hole.start, hole.end, hole.label)
history.close()
