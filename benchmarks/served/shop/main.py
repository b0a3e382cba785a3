"""Five handlers that block: by an HTTP client, through two functions of other modules, by another process, by a slow
hash and by a file that takes its time."""

from __future__ import annotations

import os
import subprocess

import requests
from fastapi import FastAPI

from shop.accounts import Accounts
from shop.suppliers import SUPPLIER, offer

app = FastAPI()
accounts = Accounts()


@app.get("/ping")
async def ping() -> dict[str, bool]:
    return {"ok": True}


@app.get("/price/{article}")
async def price(article: str) -> dict[str, float]:
    price = requests.get(f"{SUPPLIER}/price/{article}", timeout=10).json()["price"]
    return {"price": price}


@app.get("/offers")
async def offers() -> dict[str, int]:
    return offer(["bolt"])


@app.get("/invoice/{number}")
async def invoice(number: int) -> dict[str, str]:
    printed = subprocess.run(["sh", "-c", f"sleep 0.3; echo {number}"], capture_output=True, check=True)
    return {"invoice": printed.stdout.decode().strip()}


@app.get("/register")
async def register(password: str = "secret") -> dict[str, int]:
    return {"length": len(accounts.hashed(password))}


@app.get("/scale")
async def scale() -> dict[str, str]:
    with open(os.environ["SHOP_SCALE"]) as device:
        weight = device.readline().strip()
    return {"weight": weight}
