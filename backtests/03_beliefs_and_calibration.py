# %% [markdown]
# # 03 Beliefs and their calibration
#
# A plan is entered with a probability of a win. Does it come true? Of all plans entered at 50 %, about half should have won.
# Real trades are few, so refused plans that were followed to their end count too: they were filled on the same rule and never chosen
# by their result. It reads the newest run of notebook 01, or makes one.

# %%
import os
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.learning.intervals import mean_interval, wilson
from bot.report import frames

BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks")
JOURNAL = OUT / "journal.sqlite"
if not JOURNAL.exists():
    run_backtest(BacktestRequest(out=OUT, bars=Path(BARS) if BARS else None, sessions=20))

CONFIDENCE, DRAWS, SEED = 0.95, 1000, 1

# %% [markdown]
# Trades held over a hole in the bars, or closed at another price level, say nothing of their strategy and are left out.

# %%
followed = pd.concat([frames.trades(JOURNAL).assign(kind="trade"), frames.shadows(JOURNAL).assign(kind="shadow")], ignore_index=True)
followed = followed[followed["mark"].isna() & followed["probability"].notna()].copy()
followed["won"] = (followed["net_cents"] > 0).astype(float)
followed.groupby(["strategy", "kind"]).agg(plans=("won", "size"), said=("probability", "mean"), came_true=("won", "mean"))

# %% [markdown]
# The reliability diagram: plans by the probability they were entered with, and how many of them won, with Wilson's interval. Points on
# the diagonal are what calibrated means. Bins hold equally many plans, because equally wide ones would be empty at the ends.

# %%
bins = min(8, max(1, len(followed) // 10))
followed["bin"] = pd.qcut(followed["probability"].rank(method="first"), bins, labels=False)
rows = []
for _, group in followed.groupby("bin"):
    low, high = wilson(group["won"].sum(), len(group), CONFIDENCE)
    rows.append((len(group), group["probability"].mean(), group["won"].mean(), low, high))
reliability = pd.DataFrame(rows, columns=["plans", "said", "came_true", "low", "high"])
reliability

# %%
diagram = go.Figure()
diagram.add_scatter(x=[0, 1], y=[0, 1], mode="lines", name="calibrated", line={"dash": "dot", "color": "grey"})
diagram.add_scatter(
    x=reliability["said"], y=reliability["came_true"], mode="markers", name="plans",
    error_y={"array": reliability["high"] - reliability["came_true"], "arrayminus": reliability["came_true"] - reliability["low"]},
)  # fmt: skip
diagram.update_layout(title="Said and come true", xaxis_title="probability of a win that was said", yaxis_title="share that won")
diagram.update_xaxes(range=[0, 1])
diagram.update_yaxes(range=[0, 1])
diagram

# %% [markdown]
# The Brier score is the mean squared error of a probability: 0 is perfect, 0.25 is what a coin gets. Beside it what saying the average
# rate every time would have got; that one knows the outcome beforehand, so it is hard to beat. The intervals draw whole days with
# replacement, because trades of one day share its weather. An interval of the difference that holds 0 says: not to be told apart.


# %%
def by_day(values: pd.Series) -> dict[str, list[float]]:
    return values.groupby(followed.loc[values.index, "trading_day"]).apply(list).to_dict()


def score(name: str, error: pd.Series) -> tuple[str, int, float, float, float]:
    return name, len(error), error.mean(), *mean_interval(by_day(error), CONFIDENCE, DRAWS, SEED)


said = (followed["probability"] - followed["won"]) ** 2
base = (followed["won"].mean() - followed["won"]) ** 2
scores = [score("probability", said), score("average rate", base), score("difference", said - base)]
for strategy, group in followed.groupby("strategy"):
    scores.append(score(f"probability of {strategy}", said.loc[group.index]))
pd.DataFrame(scores, columns=["", "plans", "Brier score", "low", "high"]).round(4)

# %% [markdown]
# The belief itself is a strength of evidence and not a probability: EUC shrinks it before it believes it. Whether stronger beliefs win
# more often is a fair question all the same.

# %%
halves = np.where(followed["belief"] >= followed.groupby("strategy")["belief"].transform("median"), "stronger half", "weaker half")
followed.groupby(["strategy", halves]).agg(plans=("won", "size"), belief=("belief", "mean"), won=("won", "mean"), r=("r", "mean"))
