from fastapi import Depends, FastAPI, Query

app = FastAPI()


def get_db():
    return "db"


@app.get("/find")
def find(q: str = Query("x", max_length=5), db: str = Depends(get_db)):
    return [q, db]
