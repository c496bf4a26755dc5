"""The broker: Interactive Brokers through ib_insync, as Nautilus clients.

One socket with one fixed client id serves data and execution. The room `link` keeps it open, `orders` and `data` do their
work over it, and the files here face Nautilus: the two clients, the account, recovery, and what translates.
"""
