"""What the bars say: signals, levels, regime and beliefs, computed once per closed bar in O(1).

`core.MarketCore.update(bar, dvs, eqs)` returns the MarketState that everybody shares.
"""
