"""Run by an installed LogCapy, away from its source: everything imports, and a record goes all the way.

Usage: python check_installed.py [EXTRA]
"""

import importlib
import pkgutil
import sys

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter

import logcapy

NEEDS = {
    "logcapy.integrations.fastapi": "fastapi",
    "logcapy.integrations.flask": "flask",
    "logcapy.integrations.django": "django",
    **{f"logcapy.{room}.{name}": name for room in ("capture", "integrations") for name in ("structlog", "loguru")},
    "logcapy.prometheus": "prometheus",
    "logcapy.export._postgres_table": "postgres",
    "logcapy.export._gcp_log_entry": "gcp",
    "logcapy.export._azure_client": "azure",
}
NOT_IN_ALL = ("azure",)

extra = sys.argv[1] if len(sys.argv) > 1 else ""
assert "site-packages" in logcapy.__file__, logcapy.__file__
loaded = {name.partition(".")[0] for name in sys.modules}
optional = {"fastapi", "starlette", "flask", "django", "celery", "grpc", "pydantic", "structlog", "loguru", "rich"}
clients = {"prometheus_client", "confluent_kafka", "psycopg", "azure", "boto3", "botocore"}
assert not loaded & (optional | clients), "imported without need"
assert "google.cloud" not in sys.modules, "imported without need"
for module in pkgutil.walk_packages(logcapy.__path__, "logcapy."):
    if module.name.startswith("logcapy.testing"):  # for who has pytest
        continue
    if NEEDS.get(module.name) in (None, extra) or (extra == "all" and NEEDS[module.name] not in NOT_IN_ALL):
        importlib.import_module(module.name)

exporter = InMemoryLogRecordExporter()
provider = LoggerProvider(shutdown_on_exit=False)
provider.add_log_record_processor(logcapy.LogCapyLogRecordProcessor(exporter))
provider.get_logger("check").emit(body="the password=hunter2 is taken out")
assert provider.force_flush()
(record,) = exporter.get_finished_logs()
assert record.log_record.body == "the password=[REDACTED] is taken out", record.log_record.body
