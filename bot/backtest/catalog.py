"""A run's bars in a ParquetDataCatalog, from where a plain BacktestNode reads them."""

from __future__ import annotations

from pathlib import Path

from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.persistence.catalog import ParquetDataCatalog

from bot.backtest.feed import nautilus_bars
from bot.bars.source import Bars
from bot.errors import UsageError
from bot.own_files import run_folder


def write_catalog(folder: Path, bars: Bars, instrument: FuturesContract) -> None:
    """Write instrument and bars, exactly as a backtest is fed with them; a folder that holds these very bars is left as it is.

    Raises UsageError, one sentence, if it holds others (a run over it would mix them) or cannot be written.
    """
    try:
        run_folder(folder)
        catalog = ParquetDataCatalog(folder)
        if not any(folder.iterdir()):
            catalog.write_data([instrument])
            for chunk in nautilus_bars(bars, instrument):
                catalog.write_data(chunk)
        elif not _holds(catalog, bars, instrument):
            raise UsageError(f"--catalog {folder}: holds something else than {bars.label}; name an empty folder, or remove it.")
    except OSError as error:
        raise UsageError(f"--catalog {folder}: cannot be written ({error.strerror}); name another folder.") from None


def _holds(catalog: ParquetDataCatalog, bars: Bars, instrument: FuturesContract) -> bool:
    """Whether a catalog holds this instrument and these bars and no other."""
    instruments, stored = catalog.instruments(), iter(catalog.bars())
    wanted = (bar for chunk in nautilus_bars(bars, instrument) for bar in chunk)
    same = all(bar == next(stored, None) for bar in wanted) and next(stored, None) is None
    return same and [each.to_dict(each) for each in instruments] == [instrument.to_dict(instrument)]
