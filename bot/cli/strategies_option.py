"""The option that says where strategies of one's own are, the same for every verb that loads the contracts."""

from __future__ import annotations

from pathlib import Path

import click

ENVIRONMENT = "MESBOT_STRATEGIES"

strategies_option = click.option(
    "--strategies",
    multiple=True,
    type=click.Path(path_type=Path),
    envvar=ENVIRONMENT,
    help=f"Folder of strategies of your own, beside those that ship; repeat for several. Environment: {ENVIRONMENT}.",
)
