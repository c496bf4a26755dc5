"""The contract risk engine: the only way to the broker.

`controller.install(kernel, config)` or the Nautilus controller config puts it in front of Nautilus'
RiskEngine and ExecEngine; `engine` judges commands, `supervisor` watches what became of them.
"""
