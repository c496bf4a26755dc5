"""What the components of a run share and begin with: contracts, calendar, the past of earlier runs, the situation now.

Plain Python above the core: it folds journals and messages, and sends nothing.
"""
