"""Every number of a report by name: what it is, and the records it is summed from. All faces take their values from here.

`number` says what a number is; `strategies`, `days`, `trades` and `refusals` name those of a run.
"""
