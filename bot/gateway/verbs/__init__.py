"""Faults and commands in words: each verb is one declaration (form, help, example, action) in a file on what it is about.
A new verb needs nothing but that declaration, here or in a new file; bot/gateway/words.py finds it and docs/gateway.md is
made from it (scripts/make_gateway_verbs.py)."""
