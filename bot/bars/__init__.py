"""Bars from files: what is in a file (container, text, formats), its rows (table, times, checks), and its passport (clock, judges).

Everything that leaves here is stamped at the minute's close, in UTC nanoseconds, and in whole ticks.
"""

from bot.bars.files import BarsFile, Reading, read_bars

__all__ = ["BarsFile", "Reading", "read_bars"]
