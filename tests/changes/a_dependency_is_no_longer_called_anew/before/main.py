from itertools import count

from fastapi import Depends, FastAPI

app = FastAPI()


@app.get("/tickets")
def tickets(first: int = Depends(lambda: 0)):
    return first


numbers = count(1)


def draw() -> int:
    return next(numbers)


@app.get("/pair")
def pair(one: int = Depends(draw, use_cache=False), two: int = Depends(draw, use_cache=False)):
    return one != two
