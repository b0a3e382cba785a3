from fastapi import FastAPI

from frontend import register

app = FastAPI()


@app.get("/api/version")
def version():
    return {"version": 3}


register(app)
