# %% [markdown]
# # 02 Why no trade: reading the journal
#
# On every bar each strategy decides, and every decision is in the journal with its reason. It reads the newest run of notebook 01, or
# makes one if there is none.

# %%
import os
from pathlib import Path

import plotly.express as px

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.cli.codes import explained
from bot.journal.why import why
from bot.report import frames

BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks")
JOURNAL = OUT / "journal.sqlite"
if not JOURNAL.exists():
    run_backtest(BacktestRequest(out=OUT, bars=Path(BARS) if BARS else None, sessions=20))

# %% [markdown]
# What was done on how many bars. ENTER sent an order; SKIP had no setup, or a gate refused the plan; VETO is the noise filter's.

# %%
decisions = frames.decisions(JOURNAL)
decisions.pivot_table(index="strategy", columns="action", values="seq", aggfunc="count", fill_value=0)

# %% [markdown]
# Most bars have no plan at all. What was missing first, by strategy:

# %%
no_plan = decisions[decisions["plan_side"].isna() & (decisions["action"] == "SKIP")]
no_plan.groupby("strategy")["code"].value_counts().groupby(level="strategy").head(3).rename("bars").reset_index()

# %% [markdown]
# Where there was a plan, which gate refused it first. Layers are in order of authority: 0 is the kill switch, 8 the form of the order.

# %%
plans = decisions[decisions["plan_side"].notna()]
refused = plans[plans["action"] == "SKIP"].groupby(["layer", "code", "strategy"]).size().rename("plans").reset_index()
refused.sort_values(["layer", "plans"], ascending=[True, False])

# %%
chart = px.bar(refused, x="plans", y="code", color="strategy", orientation="h", title="Plans by the first gate that refused them")
chart.update_yaxes(categoryorder="total ascending", title=None)
chart

# %% [markdown]
# A code in words (`mesbot why CODE` says the same):

# %%
print("".join(explained(code) for code in refused["code"].unique()))

# %% [markdown]
# The plans that came nearest: one gate alone said no. `smallest_change` is what would have let it pass. That is no reason to loosen the
# gate: notebook 04 says what such refusals saved or cost.

# %%
alone = plans[(plans["action"] == "SKIP") & plans["also"].isna()]
alone[["time", "strategy", "code", "observed", "limit", "smallest_change", "euc"]].head(15)

# %% [markdown]
# One bar in full, as `mesbot why TIME` tells it.

# %%
bar = (plans if len(plans) else decisions)["time"].iloc[0]
print(why(JOURNAL, bar.isoformat()))
