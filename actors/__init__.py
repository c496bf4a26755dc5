"""Nautilus actors around plain functions: quality, market, library, learning, journal. No formulas live here."""
