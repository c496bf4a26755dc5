"""The page Runs."""

from __future__ import annotations

from nicegui import run, ui

from bot.dashboard.kept import compared, listed
from bot.dashboard.pages.frame import Desk, Rows, again, as_of, framed, heading
from bot.errors import MesbotError
from bot.masking import masked

COLUMNS = (("id", "Run"), ("started", "Started"), ("what", "What"), ("trades", "Trades"), ("net", "Net"), ("end", "End"))
NONE = "No run in {}; `mesbot backtest` begins one, and --out names another folder."


def runs_page(desk: Desk) -> None:
    """The runs of the folder, their reports, and two of them beside each other."""

    async def look() -> None:
        found = await run.io_bound(listed, desk.out)
        table.show(found)
        said.set_text(as_of() if found else masked(NONE.format(desk.out)))
        compare.set_visibility(len(found) > 1)
        ids = [each.id for each in found]
        for select, place in ((a, 0), (b, 1), (report, 0)):
            select.set_options(ids, value=ids[min(place, len(ids) - 1)] if ids else None)

    async def beside() -> None:
        try:
            lines = await run.io_bound(compared, desk.out, str(a.value), str(b.value))
        except MesbotError as error:
            lines = [str(error)]
        differs.set_text(masked("\n".join(lines)))

    with framed(desk, "Runs", lambda _: None):
        heading("Runs")
        said = ui.label("…").classes("muted")
        table = Rows(COLUMNS, "Runs", none="")
        with ui.element("div").classes("filters"):
            report = ui.select([], label="Run").props("dense options-dense")
            ui.button("Open its report", on_click=lambda: ui.navigate.to(f"/report/{report.value}", new_tab=True), color=None).props(
                "flat dense"
            ).classes("plain")
            ui.link("Report of the journal shown", "/report/now", new_tab=True)
            again(look)
        with ui.element("div") as compare:
            heading("Compare")
            with ui.element("div").classes("filters"):
                a, b = (ui.select([], label=name).props("dense options-dense") for name in ("A", "B"))
                ui.button("Compare", on_click=beside, color=None).props("flat dense").classes("plain")
            differs = ui.label().classes("said")
        compare.set_visibility(False)
    ui.timer(0.1, look, once=True)
