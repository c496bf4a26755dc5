"""The strategies, one file each, the same five methods in the same order; each says its name, its rules and its belief.

A new one is one file here and one block in contracts/strategies.yaml, or both in a folder of your own: docs/strategies.md.
"""
