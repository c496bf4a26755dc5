"""The contract risk engine: the only way to the broker.

`controller.install(engine)` or the Nautilus controller config put it in front of Nautilus'
RiskEngine and ExecEngine; `engine` judges commands, `supervisor` watches what became of them.
"""
