"""The connection to TWS: one socket, its states, the rate it may be used at, ids and settings, errors by class.

It knows no order and no bar; what goes over it is the other rooms' business.
"""
