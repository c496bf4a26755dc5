# %% [markdown]
# # 05 Walk-forward: choose, look ahead, go on
#
# Whoever tries several numbers on the same bars and keeps the best has fitted the past. So the sessions are walked through: choose on some,
# look once at the next, go on by as many. Nobody chose by what is looked at, so all the looks together may be believed. Here one number
# is tried: how far from its average, in standard deviations, a price must be before K1 fades it.
#
# It is what `mesbot walk-forward K1.min_abs_vwap_z --objective plans` does, and needs the extra `mesbot[research]`.

# %%
import os
import shutil
from pathlib import Path

import pandas as pd

from bot.backtest.request import BacktestRequest
from bot.contracts import load_contracts
from bot.research.extra import require_extra

require_extra("This notebook")
BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks")
KEY = "K1.min_abs_vwap_z"
SESSIONS = 12

# %% [markdown]
# What may be tried stands beside the number in the contracts. Bounds are no law; limits have none and cannot be tried.

# %%
contracts = load_contracts()
print(f"{KEY} = {contracts.rules['K1'].min_abs_vwap_z}; research may try {contracts.bounds[KEY].words}")

# %% [markdown]
# What a value is judged by is settled before anything is run: the R of all plans of K1 that were filled and followed to their end,
# traded or refused, session by session. Trades alone would be a handful. Each value is a backtest under contracts of its own, and Ray
# runs as many at once as there are processors. What comes before a run's first day warms its signals up; its learning begins anew.

# %%
from bot.research.request import WalkRequest  # noqa: E402
from bot.research.walk_forward import walk_forward  # noqa: E402

shutil.rmtree(OUT / "walk-forward", ignore_errors=True)
run = BacktestRequest(out=OUT, bars=Path(BARS) if BARS else None, sessions=SESSIONS)
request = WalkRequest(run, "walk-forward", (KEY,), trials=4, objective="plans", train=6, test=3)
facts, lines = walk_forward(request, lambda done, total: None, print)
print("\n".join(lines))

# %% [markdown]
# The steps. *Deflated* is the probability that the chosen value is better than the luck of the best of so many; with a few sessions it is
# nowhere near the 0.95 that is asked for.

# %%
steps = [
    {
        "chosen": step["numbers"][KEY],
        "R in sample": step["chosen"]["in_sample"]["total"],
        "deflated": step["deflated_significance"],
        "R looked at": step["chosen"]["out_of_sample"]["total"],
        "R in force": step["in_force"]["out_of_sample"]["total"],
    }
    for step in facts["steps"]
]
pd.DataFrame(steps, index=pd.RangeIndex(1, len(steps) + 1, name="step")).round(2)

# %% [markdown]
# The first table alone would have named a winner at each step. The verdict is the answer, and its usual words are *nothing here*:
# no reason to change the contract.

# %%
facts["verdict"]
