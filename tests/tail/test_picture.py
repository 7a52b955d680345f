"""The picture in the documentation shows what the renderer prints today."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "_static" / "tail.svg"


def test_the_picture_is_the_one_that_the_script_draws() -> None:
    draw = runpy.run_path(str(ROOT / "tools" / "draw_tail.py"))["draw"]
    assert PICTURE.read_text(encoding="utf-8") == draw(), "run: python tools/draw_tail.py"


def test_the_picture_is_small_and_valid_and_loads_nothing() -> None:
    text = PICTURE.read_text(encoding="utf-8")
    words = "".join(ElementTree.fromstring(text).itertext())
    assert "payment failed" in words
    assert "[REDACTED]" in words
    assert len(text.encode()) < 30_000
    assert "href" not in text
    assert "@import" not in text
