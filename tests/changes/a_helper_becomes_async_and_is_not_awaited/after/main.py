from fastapi import FastAPI

app = FastAPI()


async def load_profile(name: str) -> dict[str, str]:
    return {"name": name}


@app.get("/profiles/{name}")
async def profile(name: str):
    return await load_profile(name)
