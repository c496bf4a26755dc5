"""The simulated IB gateway: a TCP server that speaks the TWS protocol (server version 176) and replays
bars. Wire and messages, market and clock, broker and accounts, faults, side channel. No trading framework."""
