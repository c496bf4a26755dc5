"""Backtests: what is asked for (request), the run as Nautilus' configuration (config), and what runs it (run)."""
