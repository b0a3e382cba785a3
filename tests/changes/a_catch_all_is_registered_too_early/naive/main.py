from fastapi import FastAPI

import frontend

app = FastAPI()
frontend.register(app)


@app.get("/api/version")
def version():
    return {"version": 3}
