"""What is done in other libraries, once the application has imported them: what does it is imported then, too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from logcapy._later import when_imported

from .ending import Ending

#: Where the classes are that servers call for each request.
_FRAMEWORKS = (
    "starlette.applications",
    "fastapi.applications",
    "flask.app",
    "django.core.handlers.base",
    "django.core.handlers.wsgi",
    "django.core.handlers.asgi",
)


def watch_libraries(ending: Ending, begin_in_child: Callable[[], object]) -> list[Callable[[], None]]:
    """Serve the requests of frameworks; tell of tasks and attempts that fail; send what waits where a process ends.

    Args:
        ending: What sends it.
        begin_in_child: Called in a child process of multiprocessing before its work.

    Returns:
        What takes it away again.
    """

    def serve(module: str) -> Callable[[], None]:
        from . import _patch

        _patch.install(module)
        return _patch.uninstall

    def uvicorn() -> Callable[[], None]:
        from .uvicorn import flush_at_the_end

        return flush_at_the_end(ending)

    def children() -> Callable[[], None]:
        from .ending_children import finish_in_children

        return finish_in_children(ending, begin_in_child)

    def celery() -> Callable[[], None]:
        from .celery import watch_tasks

        return watch_tasks(ending)

    def stamina() -> Callable[[], None]:
        from logcapy.capture.retry_hook import install_retry_hook

        return install_retry_hook()

    return [
        *(when_imported(one, partial(serve, one), "log records do not know their requests") for one in _FRAMEWORKS),
        when_imported("uvicorn.server", uvicorn, "the last records of a uvicorn server may be lost"),
        when_imported("multiprocessing.process", children, "the last records of child processes may be lost"),
        when_imported("celery.signals", celery, "tasks of Celery that fail are not recorded"),
        when_imported("stamina", stamina, "attempts of stamina are not recorded"),
    ]
