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


def sibling_circles(graph: grimp.ImportGraph) -> list[list[str]]:
    """Rooms of one folder that import each other in a circle; a room is a file or a folder with all that is in it."""
    files = graph.modules
    folders = {name.rpartition(".")[0] for name in files if "." in name}
    found = []
    for folder in sorted(folders):
        depth = folder.count(".") + 2
        room = {name: ".".join(name.split(".")[:depth]) for name in files if name.startswith(f"{folder}.")}
        reached: dict[str, set[str]] = {each: set() for each in room.values()}
        for name, inside in room.items():
            reached[inside] |= {room[other] for other in graph.find_modules_directly_imported_by(name) if other in room} - {inside}
        for _ in reached:
            for each, others in reached.items():
                reached[each] = others.union(*(reached[other] for other in others)) if others else others
        found += [[each for each in reached if each in reached[each]]] if any(each in others for each, others in reached.items()) else []
    return found


def test_no_folders_import_each_other_in_a_circle_at_any_level():
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    assert sibling_circles(graph) == []


def test_the_look_for_circles_of_folders_sees_one_that_no_file_is_in(tmp_path, monkeypatch):
    for place, text in (("__init__", ""), ("a/__init__", ""), ("a/up", "from rooms.b import down"), ("a/low", ""),
                        ("b/__init__", ""), ("b/down", ""), ("b/up", "from rooms.a import low")):  # fmt: skip
        path = tmp_path / "rooms" / f"{place}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    graph = grimp.build_graph("rooms", cache_dir=None)
    assert circles(graph) == []
    assert [sorted(each) for each in sibling_circles(graph)] == [["rooms.a", "rooms.b"]]


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
