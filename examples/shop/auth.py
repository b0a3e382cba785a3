from fastapi import Depends, Header, HTTPException

from database import get_db


def get_current_user(x_token: str = Header(None), db=Depends(get_db)):
    if x_token not in db.users:
        raise HTTPException(status_code=401, detail="who are you?")
    return db.users[x_token]


def get_admin(user: dict = Depends(get_current_user)):
    if not user["admin"]:
        raise HTTPException(status_code=403, detail="only for admins")
    return user


def shipping_country(accept_language: str = Header("en")):
    # "de-AT,de;q=0.9" -> "de"
    return accept_language.split(",")[0].split("-")[0]
