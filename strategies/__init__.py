"""The strategies, one file each; each says its name, its rules, its belief, and of the five methods those it has of its own.

A new one is one file here and one block in contracts/strategies.yaml, or both in a folder of your own: docs/strategies.md.
"""
