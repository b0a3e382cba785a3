from fastapi import APIRouter

from main import SETTINGS

router = APIRouter()


@router.get("/notes")
def list_notes():
    return []


@router.get("/limit")
def limit():
    return SETTINGS
