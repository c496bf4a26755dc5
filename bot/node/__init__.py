"""A live node around the same components as a backtest: paper, live and replay, the checklist, status and kill, the terminal view."""
