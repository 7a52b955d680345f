"""Draw docs/_static/tail.svg: what ``logcapy tail`` prints, by the renderer that prints it.

Run it after a change to the renderer: ``python tools/draw_tail.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from xml.sax.saxutils import escape

from logcapy.render.colour import BOLD, BOLD_RED, CYAN, DIM, GREEN, MAGENTA, RED, WHITE_ON_RED, YELLOW, Paint
from logcapy.render.pretty import Renderer
from logcapy.render.received import Received, Value

PICTURE = Path(__file__).parent.parent / "docs" / "_static" / "tail.svg"
COLUMNS = 130
CELL_WIDTH, LINE_HEIGHT, MARGIN, TITLE_HEIGHT = 7.8, 19, 16, 34
FONTS = 'ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace'

STYLES = {
    BOLD: "font-weight:bold",
    DIM: "fill:#7d8590",
    RED: "fill:#ff7b72",
    GREEN: "fill:#7ee787",
    YELLOW: "fill:#e3b341",
    MAGENTA: "fill:#d2a8ff",
    CYAN: "fill:#79c0ff",
    BOLD_RED: "fill:#ff7b72;font-weight:bold",
    WHITE_ON_RED: "fill:#ffffff;font-weight:bold",
}
CODE = re.compile("\x1b\\[([0-9;]*)m")

STACK = """Traceback (most recent call last):
  File "/srv/shop/.venv/lib/python3.12/site-packages/fastapi/routing.py", line 301, in app
    raw_response = await run_endpoint_function(
  File "/srv/shop/.venv/lib/python3.12/site-packages/fastapi/routing.py", line 212, in run_endpoint_function
    return await dependant.call(**values)
  File "/srv/shop/app/orders.py", line 58, in place_order
    receipt = charge(order, card)
  File "/srv/shop/app/payments.py", line 31, in charge
    answer = gateway.authorise(order.amount, card)
  File "/srv/shop/app/gateway.py", line 19, in authorise
    raise PaymentDeclined(f"card {card.number} was declined")
app.payments.PaymentDeclined: card [REDACTED] was declined
"""


def samples() -> Iterator[Received]:
    """A morning in a shop: an order that goes through, and one that does not."""
    first, second = "4bf92f3577b34da6a3ce929d0e0e4736", "8c1d07e6a94bfe52b2a6f0d1c3e59a77"
    paid = {"http.request.method": "POST", "http.route": "/orders"}
    yield _record(0, 9, "uvicorn.error", "Application startup complete.")
    yield _record(4120, 5, "shop.stock", "reserved", {"sku": "capybara-mug", "left": 11, **paid}, first)
    yield _record(
        4133,
        9,
        "shop.orders",
        "order placed",
        {"order_id": 7, "amount": 24.9, "card": "[REDACTED]", **paid},
        first,
    )
    yield _record(4140, 9, "uvicorn.access", '127.0.0.1 - "POST /orders HTTP/1.1" 201', {**paid}, first)
    yield _record(9302, 13, "shop.payments", "gateway is slow", {"attempt": 2, "waited_ms": 850, **paid}, second)
    failed: dict[str, Value] = {
        "order_id": 8,
        "amount": 12.5,
        **paid,
        "http.response.status_code": 402,
        "exception.type": "app.payments.PaymentDeclined",
        "exception.message": "card [REDACTED] was declined",
        "exception.stacktrace": STACK,
    }
    yield _record(9377, 17, "shop.payments", "payment failed", failed, second)


def _record(
    millis: int, severity: int, scope: str, body: str, attributes: dict[str, Value] | None = None, trace: str = ""
) -> Received:
    moment = datetime(2026, 1, 5, 9, 41, 7, 204000, timezone.utc) + timedelta(milliseconds=millis)
    return Received(
        time_unix_nano=int(moment.timestamp() * 1000) * 1_000_000,
        severity_number=severity,
        scope_name=scope,
        body=body,
        attributes=attributes or {},
        resource={"service.name": "shop"},
        trace_id=trace,
        span_id=trace[16:],
    )


def cells(text: str) -> Iterator[tuple[str, str]]:
    """The characters of a line, each with the code of its colour."""
    colour = ""
    for position, part in enumerate(CODE.split(text)):
        if position % 2:
            colour = part if part != "0" else ""
        else:
            yield from ((character, colour) for character in part)


def rows() -> list[list[tuple[str, str]]]:
    """What a terminal of ``COLUMNS`` columns shows: longer lines go on in the next row."""
    renderer = Renderer(Paint(enabled=True), time_zone=timezone.utc)
    lines = ["$ logcapy tail", *"".join(map(renderer.render, samples())).splitlines()]
    found = []
    for line in lines:
        row = list(cells(line))
        found += [row[start : start + COLUMNS] for start in range(0, max(len(row), 1), COLUMNS)]
    return found


def spans(row: list[tuple[str, str]]) -> Iterator[str]:
    """A row's stretches of one colour, each put at its column whatever the width of the viewer's font."""
    start = 0
    while start < len(row):
        colour, end = row[start][1], start
        while end < len(row) and row[end][1] == colour:
            end += 1
        text = "".join(character for character, _ in row[start:end])
        word = text.strip()
        if word:
            style = f' style="{STYLES[colour]}"' if colour else ""
            column = start + text.index(word)
            place = f'x="{MARGIN + column * CELL_WIDTH:.1f}" textLength="{len(word) * CELL_WIDTH:.1f}"'
            yield f"<tspan {place}{style}>{escape(word)}</tspan>"
        start = end


def draw() -> str:
    """The picture, as SVG 1.1."""
    content = rows()
    width = round(2 * MARGIN + COLUMNS * CELL_WIDTH)
    height = TITLE_HEIGHT + MARGIN + len(content) * LINE_HEIGHT
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' role="img" aria-label="A terminal: logcapy tail prints log records, one a line, and a failed payment">'
    )
    style = f"text{{font:13px {FONTS};fill:#e6edf3;white-space:pre}}"
    lines = "\n".join(
        f'<text y="{TITLE_HEIGHT + (number + 1) * LINE_HEIGHT}">{"".join(spans(row))}</text>'
        for number, row in enumerate(content)
    )
    dots = "".join(
        f'<circle cx="{MARGIN + 6 + 20 * number}" cy="18" r="6" fill="{fill}"/>'
        for number, fill in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return f"""{svg}
<style>{style}</style>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>
{dots}
<g>
{lines}
</g>
</svg>
"""


if __name__ == "__main__":
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(), encoding="utf-8")
