"""Whose bars these are, by symbol-like columns: MES or ES, one contract at a time."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from bot.bars.formats import INSTRUMENTS
from bot.bars.passport import Finding, Severity
from bot.bars.table import Table
from bot.bars.zone import Ints

# A month as CME writes it (MESZ5, MESZ25, MESZ2025) or NinjaTrader (MES 12-25); a continuous series as Yahoo (ES=F), TradingView (MES1!)
# or Databento (ES.c.0) does; before it or after it the exchange. No spread, no option, no other product that begins alike.
OWN = re.compile(
    r"(?:(?:CME_MINI|CME|XCME|GLBX):)?M?ES(?:[HMUZ](?:\d{1,2}|\d{4})| (?:03|06|09|12)-\d\d|=F|1!|\.[CNV]\.0)?(?:\.(?:CME|XCME|GLBX))?"
)

PARENT = re.compile(r"M?ES\.(?:FUT|OPT)")  # Databento's

MONTH = re.compile(r"(?<![A-Z0-9])(M?ES)(?:([HMUZ])(\d{1,2}|\d{4})|[ _-](03|06|09|12)-(\d\d))(?![A-Z0-9])")
LETTERS = {"03": "H", "06": "M", "09": "U", "12": "Z"}


def month_in(text: str) -> str | None:
    """The one contract month that a symbol or a file's name names, written as ESZ5; None if it names none, or several."""
    found = {
        f"{root}{letter or LETTERS[number]}{(digits or year)[-1]}" for root, letter, digits, number, year in MONTH.findall(text.upper())
    }
    return found.pop() if len(found) == 1 else None


def judge_instruments(table: Table, ts_ns: Ints) -> tuple[list[str], list[Finding]]:
    """The names in symbol-like columns: one is right, one after the other is a roll, two at one time are refused."""
    names: list[str] = []
    found: list[Finding] = []
    for column in (name for name in table.frame.columns if name in INSTRUMENTS):
        if table.frame[column].isna().all():
            continue
        codes, values = pd.factorize(table.frame[column].astype("str"))
        names += [str(each) for each in values[:10]]
        changes = np.flatnonzero(np.diff(codes)) + 1
        if len(changes) > len(values) - 1 or (ts_ns[changes] <= ts_ns[changes - 1]).any():  # to and fro, or one below the other
            at, shown = table.place(int(changes[0])), ", ".join(map(str, values[:4]))
            sentence = (
                f"column '{column}' (a symbol) changes {len(changes):,} times between {shown}, first at {at}, and they overlap in time"
            )
            found.append(
                Finding("INSTRUMENTS", Severity.REFUSE, sentence, "one instrument at a time is needed: keep the rows of one symbol")
            )
        elif len(values) > 1:
            places = ", ".join(f"{values[codes[row]]} from {table.place(int(row))}" for row in changes[:4])
            found.append(Finding("ROLL", Severity.WARN, f"the contract changes inside the file: {places} (column '{column}')"))
        foreign = [str(each) for each in values if not is_own(str(each))]
        if foreign:
            sentence = f"column '{column}' says {', '.join(foreign[:4])}, which is not MES or ES, nor a month of them as MESZ5"
            remedy = "name a file of MES or ES, or take that column away"
            if any(PARENT.fullmatch(each.strip().upper()) for each in foreign):
                remedy = "that is all months and spreads at one time: fetch one month (MESZ5), or one continuous symbol (MES.c.0)"
            found.append(Finding("OTHER_INSTRUMENT", Severity.REFUSE, sentence, remedy))
    return names, found


def is_own(name: str) -> bool:
    """Whether a name is MES or ES: the root alone, one month, or one continuous series. A number is a vendor's id, and says nothing."""
    return name.isdigit() or OWN.fullmatch(name.strip().upper()) is not None
