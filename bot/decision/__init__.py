"""Plans, verdicts, the nine layers of gates, EUC, and the choice among plans.

One pure function judges: `evaluate(plan, snapshot, limits)`.
"""
