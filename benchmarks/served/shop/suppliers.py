"""The supplier's web service."""

from __future__ import annotations

import os

import requests

SUPPLIER = os.environ["SHOP_SUPPLIER"]


def stock_of(article: str) -> int:
    answer = requests.get(f"{SUPPLIER}/stock/{article}", timeout=10)
    answer.raise_for_status()
    return len(answer.json()["stock"])


def offer(articles: list[str]) -> dict[str, int]:
    """What can be delivered at once."""
    return {article: stock_of(article) for article in articles}
