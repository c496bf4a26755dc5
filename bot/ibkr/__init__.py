"""The broker: Interactive Brokers through ib_insync, as Nautilus clients.

One socket with one fixed client id serves data and execution. `link` keeps it open,
`account`, `orders` and `market_data` each do one job on it, and the Nautilus clients only translate.
"""
