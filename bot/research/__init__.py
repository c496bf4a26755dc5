"""Research, honestly: other numbers of strategies tried on past bars, and whether the best of them says anything.

Optuna proposes and keeps (`study`), Ray carries the work (`pool`), a trial is a backtest of the whole stack under contracts of its
own (`trial`). What may be tried is in the contracts (`space`); what it is worth is arithmetic (`significance`, `findings`).
"""
