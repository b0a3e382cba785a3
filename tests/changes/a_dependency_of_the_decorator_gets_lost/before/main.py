from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()


def require_key(x_key: str = Header()):
    if x_key != "secret":
        raise HTTPException(status_code=403, detail="no")


@app.get("/admin/users", dependencies=[Depends(require_key)], tags=["admin"])
def list_users():
    return ["ada", "bob"]


@app.delete("/admin/users/{name}", dependencies=[Depends(require_key)], tags=["admin"])
def delete_user(name: str):
    return {"deleted": name}
