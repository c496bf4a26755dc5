# %% [markdown]
# # 05 Walk-forward: one split by hand
#
# Whoever tries several numbers on the same bars and keeps the best has fitted the past. So the bars are split: choose on the first part,
# look once at the second, and believe the second. Here one split, by hand, for one number: how far from
# its average, in standard deviations, a price must be before K1 fades it.

# %%
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pandas as pd

from bot.backtest.request import BacktestRequest
from bot.backtest.run import run_backtest
from bot.bars.sessions import sessions_with_bars
from bot.calendar import SessionCalendar, new_york
from bot.contracts import load_contracts
from bot.contracts.load import packaged_directory
from bot.learning.intervals import mean_interval
from bot.report import frames

BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks/walk-forward")
KEY, SHIPPED, TRIED = "min_abs_vwap_z", "1.5", ("1.3", "1.5", "1.8")
SESSIONS = 12

# %% [markdown]
# The contracts are the law, and a number that is tried is another law: a copy of the folder with one value changed. Its hash, in the
# journal, says so.


# %%
def contracts_with(value: str) -> Path:
    folder = OUT / f"contracts-{value}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(packaged_directory(), folder)
    file = folder / "strategies.yaml"
    text = file.read_text(encoding="utf-8")
    assert text.count(f"{KEY}: {SHIPPED}") == 1, f"{KEY} does not stand in the contracts as this notebook expects; look at {file}"
    file.write_text(text.replace(f"{KEY}: {SHIPPED}", f"{KEY}: {value}"), encoding="utf-8")
    return folder


laws = {value: contracts_with(value) for value in TRIED}
{value: load_contracts(folder).sha256[:12] for value, folder in laws.items()}

# %% [markdown]
# Where to split: after two thirds of the sessions. What comes before a run's first day warms its signals up, so the second part does not
# begin blind; its learning begins anew.

# %%
request = BacktestRequest(out=OUT, bars=Path(BARS) if BARS else None, sessions=SESSIONS)
contracts = load_contracts()
closes = request.read(contracts).frame["ts_ns"]
first, last = (new_york(int(closes.iloc[place])).date() for place in (0, -1))
days = sessions_with_bars(closes, SessionCalendar(contracts.session, first, last + timedelta(days=1)))
first_of_second = days[2 * len(days) // 3]
last_of_first = max(day for day in days if day < first_of_second)
print(f"choose on {days[0]} to {last_of_first}, look once at {first_of_second} to {days[-1]}")

# %% [markdown]
# What a value is judged by is settled before anything is run: the mean R of all plans of K1 that were filled and followed to their end,
# traded or refused. Trades alone would be a handful.


# %%
def mean_r(journal: Path) -> tuple[int, float, float, float]:
    plans = pd.concat([frames.trades(journal), frames.shadows(journal)], ignore_index=True)
    plans = plans[(plans["strategy"] == "K1") & plans["mark"].isna()]
    by_day = plans["r"].groupby(plans["trading_day"]).apply(list).to_dict()
    return len(plans), plans["r"].mean(), *mean_interval(by_day, 0.95, 1000, 1)


def judged(value: str, part: str, **days) -> tuple[int, float, float, float]:
    folder = OUT / f"{part}-{value}"
    run = BacktestRequest(out=folder, bars=Path(BARS) if BARS else None, sessions=SESSIONS, contracts=laws[value], **days)
    return mean_r(run_backtest(run).journal)


COLUMNS = ["plans", "mean R", "low", "high"]
chosen_on = pd.DataFrame({value: judged(value, "first", to_date=last_of_first) for value in TRIED}, index=COLUMNS).T
chosen_on.round(3).astype({"plans": int})

# %% [markdown]
# The best of the first part, whatever its lead, and what it does on the second part, beside the value that ships. This table is looked at
# once. Going back to try a fourth value would make the second part a first one.

# %%
best = chosen_on["mean R"].astype(float).fillna(-99).idxmax()
second = {value: judged(value, "second", from_date=first_of_second) for value in dict.fromkeys((best, SHIPPED))}
looked_at = pd.DataFrame(second, index=COLUMNS).T
print(f"chosen: {best}; shipped: {SHIPPED}")
looked_at.round(3).astype({"plans": int})

# %% [markdown]
# With few sessions the intervals are wider than any difference between the values, so the answer is: no reason to change the contract.
# That is the usual answer, and the reason for the split: the first table alone would have named a winner.
