"""Trade outcomes, reliability metrics, strategy states and shadow trades: plain arithmetic.

Nothing in here knows a limit, a size or a stop.
"""
