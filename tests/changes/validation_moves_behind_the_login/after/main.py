from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()


def login(x_user: str = Header("")):
    return x_user


def require(user: str) -> None:
    if not user:
        raise HTTPException(401)


@app.get("/years/{year}")
def year_of(year: int, user: str = Depends(login)):
    require(user)
    return {"year": year}
