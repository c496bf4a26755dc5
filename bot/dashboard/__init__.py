"""`mesbot dashboard`: live pages in the browser over a journal that another process writes.

It only reads, but for the verbs of an operator, which go the way of `mesbot lock`, `unlock` and `kill`. The bot's process never imports it.
"""
