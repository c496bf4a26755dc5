"""Backtests: what is asked for (request) and the assembly that runs it (run)."""
