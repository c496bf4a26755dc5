"""Nautilus actors around plain functions: quality, market, library, learning, journal.

`part` is what all of them are, `config` what they are made from. No formulas live here.
"""
