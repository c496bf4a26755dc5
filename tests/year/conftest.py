"""The year's judge rests on the independent checker, which lives beside the whole runs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "e2e"))
