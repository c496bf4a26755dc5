"""The append-only record of every decision: store, hash chain, views and `why`."""
