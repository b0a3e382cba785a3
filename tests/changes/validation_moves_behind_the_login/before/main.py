from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()


def login(x_user: str = Header("")):
    return x_user


@app.get("/years/{year}")
def year_of(year: int, user: str = Depends(login)):
    if not user:
        raise HTTPException(401)
    return {"year": year}
