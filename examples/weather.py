"""Weather stations report here, dashboards read here.

One module, an application factory, postponed annotations: the style of a small service at work.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Depends, FastAPI, Header, HTTPException, Query, WebSocket
from pydantic import BaseModel, Field


class Reading(BaseModel):
    station: str = Field(pattern=r"^[A-Z]{3}$")
    celsius: float


@dataclass
class Store:
    readings: deque[Reading] = field(default_factory=lambda: deque(maxlen=1000))


store = Store()


def get_store() -> Store:
    return store


def require_key(x_api_key: str = Header()) -> None:
    if x_api_key != "rain":
        raise HTTPException(status_code=403)


class Window:
    """The latest readings, optionally those of one station."""

    def __init__(self, count: int = Query(10, ge=1, le=100), station: str | None = Query(None)) -> None:
        self.count = count
        self.station = station


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    store.readings.clear()
    yield


def create_app() -> FastAPI:
    app = FastAPI(title="Weather", lifespan=lifespan)

    def get_units(units: str = Query("celsius", pattern="^(celsius|kelvin)$")) -> str:
        return units

    @app.post("/readings", status_code=202, dependencies=[Depends(require_key)])
    async def report(reading: Reading, store: Store = Depends(get_store)) -> None:
        store.readings.append(reading)

    @app.get("/readings")
    async def latest(window: Window = Depends(), store: Store = Depends(get_store)) -> list[Reading]:
        chosen = [r for r in store.readings if window.station in (None, r.station)]
        return chosen[-window.count :]

    # `get_units` lives in this function, and annotations are strings here: FastAPI could not look it up from one.
    @app.get("/average")
    async def average(units: str = Depends(get_units), store: Store = Depends(get_store)) -> float | None:
        if not store.readings:
            return None
        mean = sum(r.celsius for r in store.readings) / len(store.readings)
        return mean + 273.15 if units == "kelvin" else mean

    @app.websocket("/live")
    async def live(socket: WebSocket, station: str = Query(), store: Store = Depends(get_store)) -> None:
        await socket.accept()
        for reading in [r for r in store.readings if r.station == station]:
            await socket.send_json(reading.model_dump())
        await socket.close()

    return app


app = create_app()
