"""No file imports, through any path, a file that imports it. Imports for types count, imports inside functions too."""

from __future__ import annotations

import grimp
import pytest

PACKAGES = ("bot", "strategies", "actors")


def circles(graph: grimp.ImportGraph) -> list[list[str]]:
    """Groups of files each of which imports, through any path, every other of its group."""
    reached = {file: graph.find_upstream_modules(file) for file in graph.modules}
    groups = {frozenset({file, *(other for other in files if file in reached[other])}) for file, files in reached.items()}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def test_no_file_takes_part_in_a_circle_of_imports():
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    assert len(graph.modules) > 250
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("closing", "found"),
    [
        ("", []),
        ("from round_trip import first", [["round_trip.first", "round_trip.second", "round_trip.third"]]),
        ("if TYPE_CHECKING:\n    from round_trip.first import A", [["round_trip.first", "round_trip.second", "round_trip.third"]]),
        ("def f():\n    import round_trip.second", [["round_trip.second", "round_trip.third"]]),
    ],
    ids=["none", "through three files", "for types", "inside a function"],
)
def test_the_look_for_circles_sees_every_way_to_import(tmp_path, monkeypatch, closing, found):
    package = tmp_path / "round_trip"
    package.mkdir()
    for name, text in (("__init__", ""), ("first", "from . import second"), ("second", "from .third import C"), ("third", closing)):
        (package / f"{name}.py").write_text(f"from typing import TYPE_CHECKING\n{text}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    graph = grimp.build_graph("round_trip", exclude_type_checking_imports=False, cache_dir=None)
    assert circles(graph) == found
