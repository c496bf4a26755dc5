"""Files, lines and branches of a folder, counted by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from size_of import size_of


def test_a_folder_is_as_large_as_its_files(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "one.py").write_text("if a and b or c:\n    x = 1 if y else 2\n", encoding="utf-8")  # 1 + 1 + 1 + 1
    (tmp_path / "deep" / "two.py").write_text("z = [n for n in range(3)]\n", encoding="utf-8")  # 1
    assert size_of(tmp_path) == (2, 3, 5)


def test_a_folder_without_python_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no Python files"):
        size_of(tmp_path)
