"""What a run came to, read from its journal alone: run (the data), numbers (each by name, with its records), summary (all of them).

The faces are terminal, html (with tables and figures) and why_number; they take every value from summary.
`random_entries` repeats the trades at moments drawn by lot.
"""
