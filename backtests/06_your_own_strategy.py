# %% [markdown]
# # 06 Your own strategy
#
# A strategy is one Python file and one block of numbers. It begins as a copy of one that works; limits, gates, learning, journal and
# report are the same for it as for all. `docs/strategies.md` tells it at length; here it is done.

# %%
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bot.report import frames
from bot.report.compare import compare

BARS = os.environ.get("MESBOT_NOTEBOOK_BARS")
OUT = Path("out/notebooks/own")
MINE = OUT / "my-strategies"
shutil.rmtree(OUT, ignore_errors=True)


def mesbot(*words: str) -> None:
    """A command as typed in a terminal; a mistake ends the cell with mesbot's own sentence."""
    done = subprocess.run([sys.executable, "-m", "bot.cli", *words], capture_output=True, text=True)
    print(done.stdout)
    if done.returncode:
        raise SystemExit(done.stderr or done.stdout)


# %% [markdown]
# K6 starts as K2, the failed break: its file, its block and its test.

# %%
mesbot("strategies", "new", "K6", "--from", "K2", "--to", str(MINE))
print((MINE / "k6.py").read_text(encoding="utf-8"))

# %% [markdown]
# A run with it, before anything is changed. On a long file of your own bars, add a `--from` below.

# %%
BARS_OF_RUN = ("--bars", BARS) if BARS else ("--sessions", "8")


def backtest(out: str) -> Path:
    mesbot("backtest", *BARS_OF_RUN, "--strategies", str(MINE), "--out", str(OUT / out), "--no-report")
    return OUT / out / "journal.sqlite"


before = backtest("before")

# %% [markdown]
# One rule changed: K2 keeps out of trends that are against it, K6 of every trend. `detect` answers with a setup, or with the first
# condition that fails, and that is the code that the journal will show.

# %%
file = MINE / "k6.py"
old = """        if state.regime is Regime.TRENDING and state.trend_strength * failed.side < 0:
            return NoSetup("TREND_AGAINST", "trend", state.trend_strength * failed.side, "minimum", 0.0)
"""
new = """        if state.regime is Regime.TRENDING:
            return NoSetup("TREND", "regime", state.regime.value, "required", "no trend")
"""
text = file.read_text(encoding="utf-8")
assert text.count(old) == 1, "K2 is not written as this notebook expects; change the rule by hand"
file.write_text(text.replace(old, new), encoding="utf-8")
after = backtest("after")

# %% [markdown]
# What did the change do? The two runs beside each other, decision by decision (`mesbot compare A B` in a terminal).

# %%
found = compare(before, after)
for part in found.parts:
    print(part.name, "same" if part.same else "differ", *part.said, sep="\n    ")

# %% [markdown]
# And K6 alone: the bars on which it had a plan, before and after.

# %%
plans = {
    name: frames.decisions(journal).query("strategy == 'K6' and plan_side.notna()")
    for name, journal in (("before", before), ("after", after))
}
{name: len(table) for name, table in plans.items()}
