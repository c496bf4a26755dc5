"""What `mesbot` says when nothing is asked of it: what it is, and how to begin."""

FIRST = """mesbot trades MES, the Micro E-mini S&P 500 future: rarely, within limits that
nothing overrides, and with a reason for every decision in its journal. As
shipped it trades no real money.

Begin with:
  mesbot demo          a day in the life in a minute; no broker needed
  mesbot backtest      25 synthetic sessions, with a report to look at
  mesbot check         whether this machine is ready, and what is not

All verbs: mesbot --help"""
