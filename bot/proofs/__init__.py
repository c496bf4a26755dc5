"""Proofs that a run is what it seems: backtest and live node decide the same (parity), and nothing is known before its time (lookahead).

Both lay journals side by side, record by record (told, beside); nothing of a running bot knows this room.
"""
