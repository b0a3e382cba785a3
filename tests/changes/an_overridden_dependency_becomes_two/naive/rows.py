from fastapi import APIRouter, Depends

router = APIRouter()


def get_session():
    return {"db": "real"}


@router.get("/rows")
def rows(session: dict = Depends(get_session)):
    return session
