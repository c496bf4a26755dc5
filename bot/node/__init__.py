"""Assembly of a live node: what `mesbot paper` builds around the same components as a backtest, and its terminal view."""
