from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI

import services

app = FastAPI()


@app.get("/now")
def now(clock: Annotated[services.Clock, Depends(services.get_clock)]):
    return {"now": clock.now()}
