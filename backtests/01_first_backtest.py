# %% [markdown]
# # 01 First backtest
#
# Bars in, trades out. Everything below is read from the journal that the run writes; nothing is computed beside it.
#
# Without a file of your own these are seeded synthetic sessions: the same seed, the same bars, no market. For your own minutes, set
# `MESBOT_NOTEBOOK_BARS` to their file before you start (`mesbot data check FILE` says whether it is usable).

# %%
import os
from pathlib import Path

import plotly.graph_objects as go

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.report import frames
from bot.report.runs import runs
from bot.report.summary import Summary
from bot.report.verdict import verdict

BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks")

# %% [markdown]
# A request says what a run is: which bars, from which day on, with how much money. An earlier run in the same folder is kept under
# `earlier/`. Twenty synthetic sessions take some ten seconds.

# %%
result = run_backtest(BacktestRequest(out=OUT, bars=Path(BARS) if BARS else None, sessions=20))
result.notes

# %% [markdown]
# The verdict first: the sentences with which `mesbot backtest` ends, too.

# %%
print("\n".join(verdict(Summary.from_journal(result.journal))))

# %% [markdown]
# Every trade, a row each. Money is whole cents, `r` is the result as a multiple of the planned risk, times are New York.
# `help(frames)` and `frames.FRAMES["trades"].columns` say what each column is.

# %%
trades = frames.trades(result.journal)
trades[["decided", "strategy", "side", "quantity", "entry_price", "stop", "target", "exit_price", "exit_reason", "net_cents", "r"]]

# %% [markdown]
# What each strategy came to. A dozen trades prove nothing: notebook 03 says how sure one can be.

# %%
trades.groupby("strategy").agg(trades=("r", "size"), won=("net_cents", lambda net: int((net > 0).sum())), net_cents=("net_cents", "sum"))

# %% [markdown]
# The account over time.

# %%
closed = trades.sort_values("closed")
equity = go.Figure(go.Scatter(x=closed["closed"], y=(closed["net_cents"].cumsum() / 100).astype(float), line_shape="hv"))
equity.update_layout(title="Net result after each trade", yaxis_title="dollars", xaxis_title="New York")
equity

# %% [markdown]
# The head names the run: the same bars, contracts and program give the same head. `mesbot report --journal FILE --open` makes its report.

# %%
runs(OUT)[["id", "started", "bars", "trades", "net_cents", "end", "head"]]
