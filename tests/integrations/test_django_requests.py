"""Django: the request's id, its access record and its user, patched and by the middleware alone."""

from __future__ import annotations

import pytest

from .programs import found_by

#: Serves by wsgiref or uvicorn, with a user as django.contrib.auth has it, and prints what came of the requests.
PROGRAM = """
import json, sys, types
from functools import partial
import django, logcapy
from django.conf import settings
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from logcapy.integrations import _patch
from tests.integrations.serving import served_by_uvicorn, served_by_wsgiref
from tests.integrations.test_request_id import ask

way, kind = sys.argv[1:]
exporter = InMemoryLogRecordExporter()
provider = LoggerProvider(shutdown_on_exit=False)
handle = logcapy.configure(SimpleLogRecordProcessor(exporter), logger_provider=provider, access_log=True)
if way == "added":
    from django.core.handlers import asgi, wsgi  # which are patched by now
    _patch.uninstall()

queries = []

def user_middleware(get_response):
    from django.utils.functional import SimpleLazyObject

    def load():
        queries.append(1)
        return types.SimpleNamespace(pk=7, is_authenticated=True)

    def serve(request):
        request.user = SimpleLazyObject(load)
        return get_response(request)

    return serve

def order(request, order_id):
    from django.http import HttpResponse, StreamingHttpResponse
    if order_id == "known":
        assert request.user.pk == 7
    if order_id == "stream":
        return StreamingHttpResponse(iter([b"abc", b"de"]))
    return HttpResponse("done")

from django.urls import path
urls = types.ModuleType("urls")
urls.urlpatterns = [path("orders/<order_id>", order)]
sys.modules["urls"] = urls
sys.modules["shop"] = sys.modules["__main__"]
ours = [] if way == "patched" else ["logcapy.integrations.django.LogCapyMiddleware"]
settings.configure(
    ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None, MIDDLEWARE=[*ours, "shop.user_middleware"]
)
django.setup()
if kind == "wsgi":
    from django.core.handlers.wsgi import WSGIHandler as Handler
else:
    from django.core.handlers.asgi import ASGIHandler as Handler
served = partial(served_by_wsgiref, threads=False) if kind == "wsgi" else served_by_uvicorn
with served(Handler()) as port:
    returned = []
    for number, name in enumerate(("known", "unknown", "stream")):
        status, ids, body = ask(port, f"/orders/{name}", x_request_id=f"r-{number}")
        returned.append([status, ids, len(body)])
handle.force_flush()
access = [data for data in exporter.get_finished_logs() if data.instrumentation_scope.name == "logcapy.access"]
names = ("request.header.x-request-id", "response.status_code", "response.body.size")
names = (*("http." + name for name in names), "user.id", "http.route")
told = [[data.log_record.attributes.get(name) for name in names] for data in access]
json.dump({"returned": returned, "told": told, "queries": len(queries)}, sys.stdout)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wsgi", "asgi"])
@pytest.mark.parametrize("way", ["patched", "added", "both"])
def test_each_request_has_its_id_its_access_record_and_the_user_that_was_asked_for(way: str, kind: str) -> None:
    found = found_by(PROGRAM, way, kind)
    assert found["returned"] == [[200, ["r-0"], 4], [200, ["r-1"], 4], [200, ["r-2"], 5]]
    route = "orders/<order_id>"
    size_of_stream = None if way == "added" else 5  # Django streams after its middleware
    assert found["told"] == [
        [["r-0"], 200, 4, "7", route],
        [["r-1"], 200, 4, None, route],
        [["r-2"], 200, size_of_stream, None, route],
    ]
    assert found["queries"] == 1
