"""K1-K5 as Nautilus strategies: one file each, the same five methods in the same order.

A newcomer copies one file here and one block in contracts/strategies.yaml.
"""
