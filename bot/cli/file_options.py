"""What a person says of a bars file, for every verb that reads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from bot.cli.values import OneOf

FORMATS = "databento, tradingview, ib, polygon, yfinance, ninjatrader, firstrate, kibot, sierra, multicharts"


def file_options(zone_option: str = "--zone") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--stamp, --format and the zone, which a verb whose --zone is another names otherwise."""

    def added(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option("--format", metavar="NAME", help=f"Kind of file; default: detected. {FORMATS}."),
            click.option(zone_option, metavar="ZONE", help="Zone of the file's times, e.g. America/New_York; default: as written."),
            click.option("--stamp", type=OneOf(["open", "close"]), help="Which end of its minute a bar's time names; default: detected."),
        ):
            command = option(command)
        return command

    return added
