"""mesbot: the plain-Python core, the risk engine plugin and the assembly of runs.

Core packages (contracts, market, decision, quality, learning, journal) import neither
nautilus_trader nor ib_insync; an import-linter contract proves it.
"""

__version__ = "0.1.0"
