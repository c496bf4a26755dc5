"""First contact with a real TWS: what a paper account's gateway answers to everything that the bot sends, step by step, recorded, and
compared with what the simulated gateway answers to the same requests. `run` begins it; the command is bot/cli/acceptance.py."""
