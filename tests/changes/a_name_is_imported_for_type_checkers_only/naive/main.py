from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI

from services import get_clock

if TYPE_CHECKING:
    from services import Clock

app = FastAPI()


@app.get("/now")
def now(clock: Annotated[Clock, Depends(get_clock)]):
    return {"now": clock.now()}
