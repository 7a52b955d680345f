"""LogCapy under opentelemetry-instrument: each program is a process of its own."""

from __future__ import annotations

import json
import socket
import textwrap
import time
from pathlib import Path

import pytest

from .conftest import Program

pytestmark = pytest.mark.slow

LOGCAPYS = {"OTEL_PYTHON_DISTRO": "logcapy_distro", "OTEL_PYTHON_CONFIGURATOR": "logcapy_configurator"}

LOGS = """
import logging
logging.getLogger("shop").info("order placed", extra={"order_id": 7})
logging.getLogger("shop").warning("stock is low")
"""


@pytest.mark.parametrize("distro", ["logcapy_distro", "distro"])
@pytest.mark.parametrize("configurator", ["logcapy_configurator", "configurator"])
def test_each_record_arrives_once_whichever_distro_and_configurator_win(
    program: Program, distro: str, configurator: str
) -> None:
    run = program.run(LOGS, OTEL_PYTHON_DISTRO=distro, OTEL_PYTHON_CONFIGURATOR=configurator)
    assert run.returncode == 0
    assert program.bodies == ["order placed", "stock is low"]
    assert program.records[0].attributes["order_id"] == 7
    assert program.records[0].scope_name == "shop"
    assert "stock is low" in run.stderr


def test_nothing_but_the_endpoint_needs_to_be_set(program: Program) -> None:
    program.run(LOGS, OTEL_PYTHON_DISTRO="logcapy_distro")
    assert program.bodies == ["order placed", "stock is low"]


def test_the_resource_tells_of_the_distro_where_the_configurator_is_logcapys(program: Program) -> None:
    program.run(LOGS, OTEL_PYTHON_CONFIGURATOR="logcapy_configurator")
    assert program.records[0].resource["telemetry.distro.name"] == "logcapy"


_RESOURCE = """
import json, os
from opentelemetry._logs import get_logger_provider
names = ("OTEL_LOGS_EXPORTER", "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS")
found = dict(get_logger_provider().resource.attributes)
found.pop("service.instance.id")
print(json.dumps([found, [os.environ[name] for name in names]]))
"""


def test_the_resource_by_default_is_what_its_detectors_find_and_what_the_user_says_counts_more(
    program: Program,
) -> None:
    said = {"OTEL_RESOURCE_ATTRIBUTES": "host.name=mine,container.id=c-1", **LOGCAPYS}
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "K8S_POD_NAME": "shop-7f"}
    detectors = "host,logcapy_container,logcapy_kubernetes,logcapy_vcs"
    found, read_by_the_application = json.loads(program.run(_RESOURCE, **said, **pod).stdout)
    assert read_by_the_application == ["otlp", detectors]
    assert (found["host.name"], found["container.id"], found["k8s.pod.name"]) == ("mine", "c-1", "shop-7f")
    asked = program.run(_RESOURCE, OTEL_EXPERIMENTAL_RESOURCE_DETECTORS=f"{detectors},otel", **said, **pod)
    assert json.loads(asked.stdout)[0] == found
    without = json.loads(program.run(_RESOURCE, OTEL_EXPERIMENTAL_RESOURCE_DETECTORS="otel", **said, **pod).stdout)
    assert "k8s.pod.name" not in without[0]


def test_a_stock_exporter_that_logcapys_takes_the_place_of_is_not_made(program: Program) -> None:
    source = "import sys, logging\nlogging.warning('one')\nprint(*sys.modules)"
    run = program.run(source, **LOGCAPYS)
    assert "opentelemetry.exporter.otlp.proto.http._log_exporter" not in run.stdout.split(), run.stderr
    assert program.bodies == ["one"]


def test_another_handler_on_the_root_logger_is_replaced_and_it_is_said_once(program: Program) -> None:
    run = program.run(LOGS)  # opentelemetry-instrumentation-logging is installed here
    assert program.bodies == ["order placed", "stock is low"]
    assert len([line for line in run.said if "takes the place of opentelemetry-instrumentation-logging" in line]) == 1


def test_the_sdks_own_handler_is_replaced_too(program: Program) -> None:
    run = program.run(LOGS, OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED="true")
    assert [body for body in program.bodies if body in ("order placed", "stock is low")] == program.bodies[-2:]
    assert len(program.bodies) == len(set(program.bodies))
    assert any("takes the place of the SDK's LoggingHandler" in line for line in run.said)


def test_an_application_that_configures_logging_keeps_its_console(program: Program) -> None:
    run = program.run(
        """
        import logging, logging.config, sys
        logging.basicConfig(stream=sys.stdout, format="basic %(message)s")
        logging.warning("one")
        logging.config.dictConfig({
            "version": 1,
            "formatters": {"f": {"format": "dict %(message)s"}},
            "handlers": {"h": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "f"}},
            "root": {"handlers": ["h"], "level": "INFO"},
        })
        logging.warning("two")
        """.replace("\n        ", "\n")
    )
    assert run.stdout == "basic one\ndict two\n"
    assert program.bodies == ["one", "two"]


@pytest.mark.parametrize(
    ("level", "bodies"),
    [
        ("", ["info", "warning", "error"]),
        ("debug", ["debug", "info", "warning", "error"]),
        ("ERROR", ["error"]),
    ],
)
def test_the_level_is_info_or_what_the_variable_says(program: Program, level: str, bodies: list[str]) -> None:
    run = program.run(
        """
import logging
for level in ("debug", "info", "warning", "error"):
    getattr(logging.getLogger("x"), level)(level)
""",
        OTEL_PYTHON_LOG_LEVEL=level,
    )
    assert [record.body for record in program.records if record.scope_name == "x"] == bodies
    assert "warning" in run.stderr, "the console shows what it shows without LogCapy"


def test_an_unhandled_exception_in_a_span_is_recorded_in_its_trace_without_its_secrets(program: Program) -> None:
    program.run(
        """
import logging
from opentelemetry import trace
with trace.get_tracer("t").start_as_current_span("pay") as span:
    print(format(span.get_span_context().trace_id, "032x"))
    try:
        raise ValueError("card 4111 1111 1111 1111 was refused")
    except ValueError:
        logging.getLogger("shop").exception("payment failed with token=abc123secret")
"""
    )
    (record,) = program.records
    assert record.trace_id
    assert record.attributes["exception.type"] == "ValueError"
    assert record.attributes["exception.message"] == "card [REDACTED] was refused"
    assert "1111 1111" not in str(record)
    assert "abc123secret" not in str(record)


def test_logcapy_is_off_where_it_is_switched_off(program: Program) -> None:
    for off in ({"LOGCAPY_ENABLED": "false"}, {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "logcapy"}):
        run = program.run("import logging; logging.warning('password=hunter2')", **off)
        assert run.said == []
        assert program.records.pop().body == "password=hunter2", "the stock handler sent it as it is"
        assert program.records == []


def test_no_exporter_means_no_capture(program: Program) -> None:
    run = program.run(LOGS, OTEL_LOGS_EXPORTER="none")
    assert program.records == []
    assert run.returncode == 0


def test_another_exporter_is_kept_behind_the_chain(program: Program) -> None:
    run = program.run("import logging; logging.warning('password=hunter2')", OTEL_LOGS_EXPORTER="console,otlp")
    assert '"body": "password=[REDACTED]"' in run.stdout
    assert program.bodies == ["password=[REDACTED]"]


VENDOR = """
from opentelemetry._logs import set_logger_provider
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.instrumentation.distro import BaseDistro
from opentelemetry.sdk._configuration import _BaseConfigurator
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor


class Distro(BaseDistro):
    def _configure(self, **kwargs):
        pass


class Stamp(LogRecordProcessor):
    def on_emit(self, log_record):
        log_record.log_record.attributes["vendor"] = True

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=30000):
        return True


class Configurator(_BaseConfigurator):
    def _configure(self, **kwargs):
        provider = LoggerProvider()
        provider.add_log_record_processor(Stamp())
        provider.add_log_record_processor(
            BatchLogRecordProcessor(OTLPLogExporter(endpoint=ENDPOINT, headers={"vendor-key": "k"}))
        )
        set_logger_provider(provider)
"""


def test_beside_another_vendors_distro_its_processors_and_exporter_are_kept(program: Program, tmp_path: Path) -> None:
    site = tmp_path / "site"
    info = site / "vendor-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "vendor.py").write_text(f"ENDPOINT = {program.endpoint + '/v1/logs'!r}\n" + VENDOR)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: vendor\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[opentelemetry_distro]\nvendor_distro = vendor:Distro\n"
        "[opentelemetry_configurator]\nvendor_configurator = vendor:Configurator\n"
    )
    run = program.run(
        "import logging; logging.warning('password=hunter2')",
        PYTHONPATH=str(site),
        OTEL_PYTHON_DISTRO="vendor_distro",
        OTEL_PYTHON_CONFIGURATOR="vendor_configurator",
    )
    (record,) = program.records
    assert record.body == "password=[REDACTED]"
    assert record.attributes["vendor"] is True
    assert run.returncode == 0


def test_where_no_configurator_is_found_the_application_runs_and_it_is_said(program: Program) -> None:
    run = program.run(LOGS + "print('ran')", OTEL_PYTHON_CONFIGURATOR="no_such_configurator")
    assert run.stdout == "ran\n"
    assert any("no OpenTelemetry SDK is set up for logs" in line for line in run.said)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("LOGCAPY_REDACT", "credentails", "did you mean 'credentials'?"),
        ("LOGCAPY_ENABLED", "perhaps", "true or false"),
        ("LOGCAPY_SHUTDOWN_TIMEOUT", "soon", "milliseconds, more than 0"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "many", "a whole number, 1 or more"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "100000", "a whole number, 1 or more"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "brotli", "one of none, gzip"),
        ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "soon", "seconds, more than 0"),
        ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/no/such/file", "the path of a PEM file"),
        ("OTEL_PYTHON_LOG_LEVEL", "warnign", "did you mean 'warning'?"),
    ],
)
def test_a_wrong_value_is_told_once_and_the_application_runs(
    program: Program, variable: str, value: str, allowed: str
) -> None:
    # Another configurator sets the SDK's own batch processor up before LogCapy is asked, and that one raises.
    run = program.run(LOGS + "print('ran')", OTEL_PYTHON_CONFIGURATOR="logcapy_configurator", **{variable: value})
    assert run.stdout == "ran\n"
    assert run.returncode == 0
    told = [line for line in run.said if variable in line]
    assert len(told) == 1, run.stderr
    assert repr(value) in told[0]
    assert allowed in told[0]
    assert program.bodies == ["order placed", "stock is low"]


def test_a_variable_that_does_not_exist_is_told_with_the_nearest_that_does(program: Program) -> None:
    run = program.run(LOGS, LOGCAPY_REDCAT="off")
    assert run.said.count("logcapy: there is no variable LOGCAPY_REDCAT; did you mean LOGCAPY_REDACT?") == 1
    assert program.bodies == ["order placed", "stock is low"]


def test_a_file_that_is_no_certificate_is_told_and_records_leave_as_they_would_without_logcapy(
    program: Program, tmp_path: Path
) -> None:
    no_certificate = tmp_path / "ca.pem"
    no_certificate.write_text("not PEM")
    endpoint = program.endpoint.replace("http://", "https://")
    run = program.run(
        LOGS + "print('ran')",
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        OTEL_EXPORTER_OTLP_CERTIFICATE=str(no_certificate),
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    assert run.stdout == "ran\n"
    assert any("certificate=" in line and str(no_certificate) in line for line in run.said), run.stderr


def test_without_a_collector_the_application_ends_at_once_and_the_loss_is_told(program: Program) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        run = program.run(LOGS + "print('ran')", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert run.stdout == "ran\n"
    assert run.returncode == 0
    assert run.seconds < 8, "an interpreter's start, and no waiting for a destination that nobody answers for"
    assert any("2 records were not delivered" in line for line in run.said), run.stderr


def test_at_the_end_all_losses_are_told_in_one_line(program: Program) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        source = "import logging\nfor number in range(1500):\n    logging.warning('%s', number)"
        run = program.run(source, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    assert any("1500 of 1500 records were not delivered" in line for line in run.said), run.said


def test_without_a_collector_a_spool_keeps_what_waits_and_that_is_told(program: Program, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        run = program.run(LOGS, OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, LOGCAPY_SPOOL_DIR=str(tmp_path / "spool"))
    assert run.returncode == 0
    assert any("on disk are 2 records" in line and endpoint in line for line in run.said), run.stderr
    assert not any("not delivered" in line for line in run.said), run.stderr
    assert list((tmp_path / "spool").rglob("*.seg"))


def test_with_a_collector_that_hangs_the_application_ends_within_its_deadline(program: Program) -> None:
    with socket.socket() as black_hole:
        black_hole.bind(("127.0.0.1", 0))
        black_hole.listen()
        endpoint = f"http://127.0.0.1:{black_hole.getsockname()[1]}"
        run = program.run(
            LOGS + "import time; print(time.monotonic())",
            OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
            LOGCAPY_SHUTDOWN_TIMEOUT="1500",
        )
        ended = time.monotonic()
    assert run.returncode == 0
    assert ended - float(run.stdout) < 1.5 + 5, "the deadline, and the interpreter's own end; not a request's 10 s"
    assert any("not delivered" in line for line in run.said)


def test_records_of_the_last_moment_arrive_after_others_were_sent_before(program: Program) -> None:
    run = program.run(
        """
import atexit, logging
from opentelemetry._logs import get_logger_provider
logging.warning("early")
get_logger_provider().force_flush()
logging.warning("late")
"""
    )
    assert program.bodies == ["early", "late"], run.stderr


def test_configure_in_code_does_the_same(program: Program) -> None:
    run = program.run(
        textwrap.dedent(
            """
            import logging, logcapy
            handle = logcapy.configure()
            logging.getLogger("shop").info("password=hunter2")
            assert handle.force_flush(10_000)
            print(handle.stats().exported, handle is logcapy.configure())
            """
        ),
        instrument=False,
    )
    assert run.stdout == "1 True\n", run.stderr
    assert program.bodies == ["password=[REDACTED]"]


def test_configure_in_code_under_opentelemetry_instrument_changes_the_settings_and_doubles_nothing(
    program: Program,
) -> None:
    run = program.run(
        textwrap.dedent(
            """
            import logging, logcapy
            logging.warning("customer_note=private")
            logcapy.configure(redact_keys=["customer_note"])
            logging.warning("customer_note=private")
            """
        )
    )
    assert run.returncode == 0, run.stderr
    assert program.bodies == ["customer_note=private", "customer_note=[REDACTED]"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("logcapy_datadog,otlp", "LOGCAPY_DATADOG_API_KEY"),
        ("otlp,logcapy_lokii", "did you mean 'logcapy_loki'?"),
    ],
)
def test_an_exporter_that_cannot_be_used_costs_itself_alone(program: Program, names: str, told: str) -> None:
    run = program.run(LOGS + "print('ran')", OTEL_PYTHON_CONFIGURATOR="logcapy_configurator", OTEL_LOGS_EXPORTER=names)
    assert run.stdout == "ran\n"
    assert len([line for line in run.said if told in line]) == 1, run.stderr
    assert program.records


def test_log_records_are_made_in_less_time_until_logcapy_ends(program: Program) -> None:
    run = program.run(
        """
import logging, logcapy
assert logging.LogRecord.__init__.__globals__["__name__"] == "logcapy.capture.fast_record"
logging.basicConfig(format="%(filename)s:%(funcName)s %(levelname)s %(message)s")
logging.warning("order %d", 7, extra={"customer": "c-1"})
logcapy.configure().shutdown()
assert logging.LogRecord.__init__.__globals__["__name__"] == "logging"
"""
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr.endswith("program.py:<module> WARNING order 7\n")
    assert program.bodies == ["order 7"]


#: What only some applications use, or what is slow to import.
NOT_AT_THE_START = {
    *("decimal", "sqlite3"),
    *(f"logcapy.{name}" for name in ("admission", "cli", "dispatch", "prometheus", "replay")),
    *(f"logcapy.config.{name}" for name in ("destinations", "given")),
    *(f"logcapy.export.{name}" for name in ("otlp", "_protobuf", "_split", "_otlp_response", "_deadline")),
    *(f"logcapy.capture.{name}" for name in ("arguments", "catching", "frame_variables", "logger", "retrying")),
    *(f"logcapy.capture.{name}" for name in ("retry_hook", "failed_attempt")),
    *(f"logcapy.deliver.{name}" for name in ("spool", "spooling", "sender", "metrics", "figures", "health")),
    *(f"logcapy.integrations.{name}" for name in ("asgi", "django", "fastapi", "flask", "starlette", "wsgi")),
    *(
        f"logcapy.integrations.{name}"
        for name in ("access", "celery", "uvicorn", "ending_children", "_methods", "_patch")
    ),
    *(f"logcapy.process.{name}" for name in ("redact", "redact_drafts", "redaction", "request", "runtime", "sampling")),
    "logcapy.process.whereabouts",
}


def test_a_start_imports_what_every_process_needs_and_no_more(program: Program) -> None:
    # In code: the instrumentations that are installed here would import their frameworks.
    run = program.run("import logcapy, sys\nlogcapy.configure()\nprint(*sys.modules)", instrument=False)
    imported = set(run.stdout.split())
    assert "logcapy.export.otlp_http" in imported, run.stderr
    assert imported & NOT_AT_THE_START == set()
