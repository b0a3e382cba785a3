"""Passwords."""

from __future__ import annotations

import bcrypt

ROUNDS = 12


class Accounts:
    def __init__(self) -> None:
        self.rounds = ROUNDS

    def hashed(self, password: str) -> str:
        return bcrypt.hashpw(password.encode(), bcrypt.gensalt(self.rounds)).decode()
