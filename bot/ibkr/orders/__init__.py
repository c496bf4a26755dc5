"""Orders at the broker: their state machine over raw messages, what is sent, what is asked after a reconnect, fills, positions."""
