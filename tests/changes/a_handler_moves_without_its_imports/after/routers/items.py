from uuid import uuid4

from fastapi import APIRouter

router = APIRouter()


@router.get("/items")
def list_items():
    return []


@router.post("/tokens")
def create_token():
    return {"length": len(uuid4().hex)}
