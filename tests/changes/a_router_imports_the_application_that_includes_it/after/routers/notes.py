from fastapi import APIRouter

from settings import SETTINGS

router = APIRouter()


@router.get("/notes")
def list_notes():
    return []


@router.get("/limit")
def limit():
    return SETTINGS
