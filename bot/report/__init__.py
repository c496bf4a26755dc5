"""What a run came to, read from its journal alone: run (the data), summary (the sums), terminal and html (the faces).

`random_entries` repeats the trades at moments drawn by lot; tables and figures belong to html.
"""
