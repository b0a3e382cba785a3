from fastapi import APIRouter, Cookie, Depends, HTTPException

from auth import get_current_user, shipping_country
from database import get_db

router = APIRouter()


def shipping_cost(country: str = Depends(shipping_country), express: bool = False):
    cost = 4.9 if country == "de" else 12.0
    return cost + 5 if express else cost


@router.get("/")
def my_orders(user: dict = Depends(get_current_user), db=Depends(get_db)):
    return [o for o in db.orders if o["user"] == user["name"]]


@router.post("/")
def place_order(
    voucher: str | None = Cookie(None),
    user: dict = Depends(get_current_user),
    shipping: float = Depends(shipping_cost),
    db=Depends(get_db),
):
    cart = db.carts.pop(user["name"], [])
    if not cart:
        raise HTTPException(status_code=400, detail="cart is empty")
    order = {"user": user["name"], "items": cart, "shipping": shipping, "voucher": voucher}
    db.orders.append(order)
    return order


@router.get("/shipping-preview")
def shipping_preview():
    # we dont know the country yet, so just take the default
    return {"express": shipping_cost(express=True), "normal": shipping_cost()}
