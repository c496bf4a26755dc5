# %% [markdown]
# # 04 The veto ledger
#
# Every refused plan that would have been filled is followed to its end as a shadow trade, on the same fill rule. What it lost, the
# refusal saved; what it won, the refusal cost. It reads the newest run of notebook 01, or makes one.

# %%
import os
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.learning.intervals import total_interval
from bot.report import frames
from bot.report.summary import Summary

BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks")
JOURNAL = OUT / "journal.sqlite"
if not JOURNAL.exists():
    run_backtest(BacktestRequest(out=OUT, bars=Path(BARS) if BARS else None, sessions=20))

CONFIDENCE, DRAWS, SEED = 0.95, 1000, 1

# %%
shadows = frames.shadows(JOURNAL)
shadows[["decided", "strategy", "side", "gates", "exit_reason", "net_cents", "r"]].head(10)

# %% [markdown]
# A row a gate. A plan refused by several gates stands in each of their rows, so rows do not add up; `alone` are the plans that nothing
# else refused: only they would have been traded had this gate been silent. Dollars; above zero the refusal saved money. The interval
# draws whole days with replacement.


# %%
def row(code: str) -> tuple[str, int, int, float, float, float, float, float]:
    mine = shadows[shadows["gates"].str.split().map(lambda gates: code in gates)]
    saved = -mine["net_cents"].astype(float) / 100
    days = saved.groupby(mine["trading_day"]).apply(list).to_dict()
    alone = int((mine["gates"] == code).sum())
    return (
        code,
        len(mine),
        alone,
        saved[saved > 0].sum(),
        saved[saved < 0].sum(),
        saved.sum(),
        *total_interval(days, CONFIDENCE, DRAWS, SEED),
    )


codes = sorted({code for gates in shadows["gates"] for code in gates.split()})
ledger = pd.DataFrame([row(code) for code in codes], columns=["gate", "plans", "alone", "saved", "cost", "net", "low", "high"])
ledger = ledger.sort_values("plans", ascending=False, ignore_index=True)
ledger.round(2)

# %% [markdown]
# Most intervals hold 0, and that is the honest answer of a short run: not known yet whether the gate pays. A gate is not there to
# pay, besides: limits bound what a bad day can lose.

# %%
bars = go.Figure(go.Bar(y=ledger["gate"], x=ledger["net"], orientation="h"))
bars.update_traces(error_x={"array": ledger["high"] - ledger["net"], "arrayminus": ledger["net"] - ledger["low"]})
bars.update_layout(title="What each refusal saved (right) or cost (left)", xaxis_title="dollars", yaxis={"autorange": "reversed"})
bars

# %% [markdown]
# The report's table has the same figures, for they come from the same records. `mesbot why ledger.CODE.net` lists them.

# %%
summary = Summary.from_journal(JOURNAL)
report = {gate: round(summary.single(f"ledger.{gate}.net")) for gate in ledger["gate"]}
assert report == dict(zip(ledger["gate"], (100 * ledger["net"]).round().astype(int), strict=True))
report
