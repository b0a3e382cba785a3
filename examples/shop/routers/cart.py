from fastapi import APIRouter, Depends, HTTPException

from auth import get_current_user
from database import get_db
from models import CartItem

router = APIRouter()


def get_cart(user: dict = Depends(get_current_user), db=Depends(get_db)):
    return db.carts.setdefault(user["name"], [])


def cart_total(cart: list = Depends(get_cart), db=Depends(get_db)):
    total = 0
    for item in cart:
        total += db.products[item["product_id"]]["price"] * item["amount"]
    return round(total, 2)


@router.get("/")
def show_cart(cart: list = Depends(get_cart), total: float = Depends(cart_total)):
    return {"items": cart, "total": total}


@router.post("/")
def add_to_cart(item: CartItem, cart: list = Depends(get_cart), db=Depends(get_db)):
    if item.product_id not in db.products:
        raise HTTPException(status_code=404, detail="no such product")
    cart.append(item.model_dump())
    return cart


@router.delete("/")
def empty_cart(cart: list = Depends(get_cart)):
    cart.clear()
    return cart
