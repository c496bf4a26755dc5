"""mesbot: the plain-Python core, the risk engine plugin and the assembly of runs.

What is core imports neither nautilus_trader nor ib_insync: pyproject.toml holds the list, and the floors on which the rooms
stand; import-linter proves both.
"""

__version__ = "0.1.0"
