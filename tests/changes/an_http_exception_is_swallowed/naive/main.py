import logging

from fastapi import FastAPI, HTTPException

logger = logging.getLogger(__name__)
app = FastAPI()
ITEMS = {1: "bolt"}


@app.get("/items/{item_id}")
def read_item(item_id: int):
    try:
        if item_id not in ITEMS:
            raise HTTPException(status_code=404, detail="no such item")
        return ITEMS[item_id]
    except Exception:
        logger.exception("reading an item")
        raise HTTPException(status_code=500, detail="internal error")
