"""The simulated IB gateway: a TCP server that speaks the TWS protocol (server version 176) and replays bars. No trading framework.
From the ground up: wire and messages; market, broker and clock (simulation.py, which knows of no socket); clients (session.py,
listener.py); what faults act on (host.py, verbs/, words.py); side channel and script (gateway.py)."""
