"""Who the user of a request is, and its session, if the framework knows already. Nothing here asks a database.

Source: https://opentelemetry.io/docs/specs/semconv/registry/attributes/user/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def user_of_scope(scope: Mapping[str, Any]) -> str | None:
    """The id of Starlette's ``scope["user"]``: its identity, else an ``id`` or ``username`` that it holds itself.

    An attribute that a class computes is not asked for: it may be loaded from a database.
    """
    user = scope.get("user")
    try:
        if user is None or not user.is_authenticated:
            return None
        held = getattr(user, "__dict__", {})
        for name in ("id", "username"):
            if held.get(name) is not None:
                return str(held[name])
        return str(user.identity)
    except Exception:  # noqa: BLE001 - Starlette's own users raise NotImplementedError where they have no identity
        return None


def user_of_django(request: Any) -> str | None:
    """The primary key of ``request.user`` if somebody has asked for the user before; asking queries the database."""
    try:
        held = vars(request)
        user = held.get("_cached_user") or held.get("_acached_user") or _evaluated(held.get("user"))
        return str(user.pk) if user is not None and user.is_authenticated else None
    except Exception:  # noqa: BLE001 - a user of another kind is one that is not known
        return None


def session_of_django(request: Any) -> str | None:
    """The key of ``request.session`` if somebody has read it before: until then it is what the client says it is.

    A session in a signed cookie has none: its key is all that is in it, and another with each change.
    """
    try:
        session = vars(request).get("session")
        if session is None or "_session_cache" not in vars(session):
            return None
        from django.contrib.sessions.backends import signed_cookies  # type: ignore[import-untyped]

        return None if isinstance(session, signed_cookies.SessionStore) else session.session_key
    except Exception:  # noqa: BLE001 - a session of another kind is one that is not known
        return None


def _evaluated(user: Any) -> Any:
    from django.utils.functional import LazyObject, empty  # type: ignore[import-untyped]

    # LazyObject answers for another class; its own __dict__ is what tells.
    if not issubclass(type(user), LazyObject):
        return user
    wrapped = object.__getattribute__(user, "__dict__").get("_wrapped", empty)
    return None if wrapped is empty else wrapped
