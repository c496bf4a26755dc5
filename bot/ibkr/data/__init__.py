"""Market data from the broker: 5-second pieces to minutes, history, quotes, the watch over the feed, the front month."""
