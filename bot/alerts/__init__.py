"""Telling a person who is not at the terminal: what a journal's records and the run's health are worth a message, and its way out.

A process of its own reads the journal, so that a service that hangs, fails or floods holds up no order. What a record says is
pure (`says`, `naked`, `data`); what waits is bounded and counted (`outbox`); apprise carries it (`couriers`).
"""
