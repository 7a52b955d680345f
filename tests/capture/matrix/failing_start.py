"""An application that cannot start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from .errors import Boom


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    raise Boom("no database")
    yield


app = FastAPI(lifespan=_lifespan)
