from fastapi import FastAPI

import frontend

app = FastAPI()


@app.get("/api/version")
def version():
    return {"version": 3}


frontend.register(app)
