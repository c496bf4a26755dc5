"""The bracket as a state machine: tracked orders, the trade they make, and the duties that follow.

Plain Python over the names of Nautilus' order events; the risk engine plugin carries the duties out.
"""
