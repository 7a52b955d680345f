"""Entries of Google Cloud Logging as its API takes them, made of those that its agents take.

Sources: https://github.com/googleapis/googleapis/blob/master/google/logging/v2/log_entry.proto;
https://github.com/GoogleCloudPlatform/opentelemetry-operations-python, gcp_resource_detector/_mapping.py (what of a
resource becomes which monitored resource).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.api.monitored_resource_pb2 import MonitoredResource
from google.cloud.logging_v2.types import LogEntry
from google.logging.type.log_severity_pb2 import LogSeverity

from logcapy.attributes import CODE_LINE_NUMBER

from ._gcp_entry import SPECIAL
from ._protobuf import field

_ENTRIES_TAG = b"\x22"
#: Numbers of a Struct are doubles.
_MOST_EXACT = 1 << 53
_LOCATION = ("cloud.availability_zone", "cloud.region")
#: By type: the attributes that a resource of this type has, and its labels, each the first of some attributes.
_MONITORED: Mapping[str, tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]] = {
    "k8s_container": (
        ("k8s.cluster.name", "k8s.container.name"),
        {
            "location": _LOCATION,
            "cluster_name": ("k8s.cluster.name",),
            "namespace_name": ("k8s.namespace.name",),
            "pod_name": ("k8s.pod.name",),
            "container_name": ("k8s.container.name",),
        },
    ),
    "generic_task": (
        ("service.name", "service.instance.id"),
        {
            "location": _LOCATION,
            "namespace": ("service.namespace",),
            "job": ("service.name",),
            "task_id": ("service.instance.id",),
        },
    ),
    "generic_node": (
        (),
        {"location": _LOCATION, "namespace": ("service.namespace",), "node_id": ("host.id", "host.name")},
    ),
}
_REQUEST = {"requestMethod": "request_method", "requestUrl": "request_url", "userAgent": "user_agent"}


def log_entry_writer(insert_ids: Iterable[str]) -> Callable[[dict[str, Any]], bytes]:
    """What writes an entry as a field of a WriteLogEntriesRequest.

    Args:
        insert_ids: One for each entry; who writes a record again, shorter, takes the next one.
    """
    ids = iter(insert_ids)
    return lambda event: field(_ENTRIES_TAG, _log_entry(event, next(ids)).SerializeToString())


def _log_entry(event: dict[str, Any], insert_id: str) -> Any:
    entry = LogEntry.pb(LogEntry())
    entry.insert_id = insert_id
    entry.severity = LogSeverity.Value(event.pop("severity"))
    entry.timestamp.FromJsonString(event.pop("time"))
    entry.trace = event.pop(f"{SPECIAL}trace", "")
    entry.span_id = event.pop(f"{SPECIAL}spanId", "")
    entry.trace_sampled = event.pop(f"{SPECIAL}trace_sampled", False)
    entry.resource.CopyFrom(_monitored_resource(event.get("resource", {})))
    _set_location(entry.source_location, event.pop(f"{SPECIAL}sourceLocation", {}), event["attributes"])
    _set_request(entry.http_request, event.pop("httpRequest", {}), event["attributes"])
    entry.json_payload.update(_exact(event))
    return entry


def _set_location(location: Any, values: dict[str, str], attributes: dict[str, Any]) -> None:
    location.line = _whole(values.pop("line", 0), CODE_LINE_NUMBER, attributes)
    for name, value in values.items():
        setattr(location, name, value)


def _set_request(request: Any, values: dict[str, Any], attributes: dict[str, Any]) -> None:
    request.status = _whole(values.pop("status", 0), "http.response.status_code", attributes)
    if "remoteIp" in values:
        request.remote_ip = str(values["remoteIp"])
    for name, place in _REQUEST.items():
        if name in values:
            setattr(request, place, str(values[name]))


def _whole(value: Any, name: str, attributes: dict[str, Any]) -> int:
    """A number of at most nine digits; what is none is an attribute again, and 0."""
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    attributes[name] = value
    return 0


def _monitored_resource(resource: Mapping[str, Any]) -> MonitoredResource:
    kind, (_, labels) = next(
        (kind, told) for kind, told in _MONITORED.items() if all(resource.get(name) for name in told[0])
    )
    found = MonitoredResource(type=kind)
    for label, names in labels.items():
        values = (str(resource[name]) for name in names if resource.get(name))
        found.labels[label] = next(values, "global" if label == "location" and kind != "k8s_container" else "")
    return found


def _exact(value: Any) -> Any:
    """The same with texts for whole numbers that a double has not."""
    if isinstance(value, dict):
        return {name: _exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _MOST_EXACT:
        return str(value)
    return value
