"""Bars from files: reading (files), what a usable row is (checks), and what a stamp names (stamp, zone).

Everything that leaves here is stamped at the minute's close, in UTC nanoseconds, and in whole ticks.
"""

from bot.bars.files import BarsFile, read_bars

__all__ = ["BarsFile", "read_bars"]
