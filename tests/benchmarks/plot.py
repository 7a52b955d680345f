"""Draws the processor time of a record beside stock's, as an SVG of plain shapes."""

from __future__ import annotations

from xml.sax.saxutils import escape

from .figures import Figures, Spread
from .setups import SETUPS, STOCK

_LIMIT = 1.5
_WIDTH, _LABELS, _NUMBERS, _BAR, _GAP, _TOP = 860, 300, 130, 18, 12, 56
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.bar { fill: #afb8c1 } .ours { fill: #1a7f64 } .stock { fill: #cf6a3f } .spread { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #d0d7de } .spread { stroke: #d0d7de } }
"""


def svg(figures: Figures) -> str:
    """A bar a set-up: the median of its ratio to stock, and a line from the least to the greatest.

    What is beyond ``_LIMIT`` is cut, with its number beside it: else the others could not be told apart.
    """
    ratios = {
        name: ratio
        for name, setup in SETUPS.items()
        if not setup.works and (ratio := figures.ratio("cost", name, "usual", "all_cpu")) is not None
    }
    scale = (_WIDTH - _LABELS - _NUMBERS) / _LIMIT
    rows = sorted(ratios.items(), key=lambda row: row[1].median)
    height = _TOP + len(rows) * (_BAR + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" '
        'role="img" aria-label="All processor time of a record, as a ratio to stock OpenTelemetry">',
        f"<style>{_STYLE}</style>",
        '<text class="title" x="12" y="24">All processor time of a record, as a ratio to stock OpenTelemetry</text>',
        '<text x="12" y="43">LogCapy and stock send OTLP, the others do as told. Less is better.</text>',
    ]
    for place, (name, ratio) in enumerate(rows):
        parts += _row(name, ratio, scale, _TOP + place * (_BAR + _GAP))
    return "\n".join([*parts, "</svg>", ""])


def _row(name: str, ratio: Spread, scale: float, top: float) -> list[str]:
    kind = "stock" if name == STOCK else "ours" if name.startswith("logcapy") else "bar"
    middle, base = top + _BAR / 2, top + _BAR - 5
    median, least, greatest = (
        _LABELS + min(value, _LIMIT) * scale for value in (ratio.median, ratio.least, ratio.greatest)
    )
    number = f"{ratio.median:.2f}" + (", cut" if ratio.median > _LIMIT else "")
    return [
        f'<text x="{_LABELS - 8}" y="{base}" text-anchor="end">{escape(SETUPS[name].title)}</text>',
        f'<rect class="{kind}" x="{_LABELS}" y="{top}" width="{max(1.0, median - _LABELS):.1f}" height="{_BAR}"/>',
        f'<line class="spread" x1="{least:.1f}" x2="{greatest:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<text x="{greatest + 8:.1f}" y="{base}">{number}</text>',
    ]
