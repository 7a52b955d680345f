"""Records with anything in them that OTLP can carry."""

from __future__ import annotations

from hypothesis import strategies as st

from logcapy.render.received import Received, Value

text = st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("\n\r\x1b\x00\u202e\u2028\x85"))
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | text | st.binary()
values: st.SearchStrategy[Value] = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=5
)
keys = text | st.sampled_from(
    [
        "exception.type",
        "exception.message",
        "exception.stacktrace",
        "http.request.method",
        "http.route",
        "url.path",
        "http.response.status_code",
        "service.name",
    ]
)
records = st.builds(
    Received,
    time_unix_nano=st.integers(0, 2**64 - 1),
    observed_time_unix_nano=st.integers(0, 2**64 - 1),
    severity_number=st.integers(-(2**31), 2**31 - 1),
    severity_text=text,
    body=values,
    attributes=st.dictionaries(keys, values, max_size=6),
    resource=st.dictionaries(keys, values, max_size=3),
    scope_name=text,
    event_name=text,
    trace_id=st.sampled_from(["", "4bf92f3577b34da6a3ce929d0e0e4736"]),
    span_id=st.sampled_from(["", "00f067aa0ba902b7"]),
)
