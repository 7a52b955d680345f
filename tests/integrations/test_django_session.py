"""Records of Django know their session by a token, and never by its key."""

from __future__ import annotations

import pytest

from .programs import found_by

PROGRAM = """
import json, logging, sys, tempfile, types
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter
import django
from django.conf import settings
import logcapy

exporter, backend, key = InMemoryLogRecordExporter(), sys.argv[1], sys.argv[2]
handle = logcapy.configure(exporter, user_hash_key=key or None)

def order(request):
    from django.http import HttpResponse
    logging.warning("before")
    request.session["orders"] = request.session.get("orders", 0) + 1
    if request.session.session_key is None:
        request.session.save()
    logging.warning("after")
    return HttpResponse("done")

from django.urls import path
urls = types.ModuleType("urls")
urls.urlpatterns = [path("orders", order)]
sys.modules["urls"] = urls
settings.configure(
    ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"], LOGGING_CONFIG=None, SECRET_KEY="s" * 50,
    SESSION_ENGINE="django.contrib.sessions.backends." + backend, SESSION_FILE_PATH=tempfile.mkdtemp(),
    MIDDLEWARE=[
        "logcapy.integrations.django.LogCapyMiddleware", "django.contrib.sessions.middleware.SessionMiddleware"
    ],
)
django.setup()
from django.test import Client
one, other, forged = Client(), Client(), Client()
forged.cookies["sessionid"] = "chosen-by-the-client-itself"
keys = []
for client in (one, one, other, forged):
    client.get("/orders")
    keys.append(client.cookies["sessionid"].value)
handle.force_flush()
told = [
    [data.log_record.body, data.log_record.attributes.get("session.id")]
    for data in exporter.get_finished_logs() if data.log_record.body in ("before", "after")
]
json.dump({"told": told, "keys": keys, "all": [data.to_json() for data in exporter.get_finished_logs()]}, sys.stdout)
"""


@pytest.mark.slow
def test_the_records_of_a_session_have_one_token_from_the_time_that_it_was_read() -> None:
    found = found_by(PROGRAM, "file", "k")
    assert [body for body, _ in found["told"]] == ["before", "after"] * 4
    assert [token for body, token in found["told"] if body == "before"] == [None] * 4
    first, again, other, forged = (token for body, token in found["told"] if body == "after")
    assert first == again
    assert len({first, other, forged}) == 3
    assert all(len(token) == 16 for token in (first, other, forged))
    assert not any(key in "".join(found["all"]) for key in found["keys"])


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "key"), [("file", ""), ("signed_cookies", "k")])
def test_without_a_key_for_the_token_or_a_key_of_the_session_nothing_is_told(backend: str, key: str) -> None:
    found = found_by(PROGRAM, backend, key)
    assert [token for _, token in found["told"]] == [None] * 8
    assert not any(key in "".join(found["all"]) for key in found["keys"])
