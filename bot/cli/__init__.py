"""The command line `mesbot`: one file per group of verbs; arithmetic and rules live elsewhere.

Verb modules import what is heavy inside the verb, so that `mesbot --help` is quick.
"""
