from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI

from services import Clock, get_clock

app = FastAPI()


@app.get("/now")
def now(clock: Annotated[Clock, Depends(get_clock)]):
    return {"now": clock.now()}
