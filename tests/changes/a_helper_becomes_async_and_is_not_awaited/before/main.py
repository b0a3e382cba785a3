from fastapi import FastAPI

app = FastAPI()


def load_profile(name: str) -> dict[str, str]:
    return {"name": name}


@app.get("/profiles/{name}")
async def profile(name: str):
    return load_profile(name)
