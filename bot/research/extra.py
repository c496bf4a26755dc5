"""The libraries that research alone needs: an extra, since nothing that trades imports them."""

from __future__ import annotations

import importlib.util

from bot.errors import UsageError

LIBRARIES = ("optuna", "ray")


def require_extra(what: str) -> None:
    """Raises UsageError, one sentence, if the libraries are not installed; `what` needs them."""
    if missing := [name for name in LIBRARIES if importlib.util.find_spec(name) is None]:
        raise UsageError(f'{what} needs {" and ".join(missing)}, an extra that is not installed: pip install "mesbot[research]".')
