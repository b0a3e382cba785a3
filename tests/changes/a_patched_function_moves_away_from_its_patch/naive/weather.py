from fastapi import APIRouter

from clients import fetch

router = APIRouter()


@router.get("/weather/{city}")
def weather(city: str):
    return {"degrees": fetch(city)}
