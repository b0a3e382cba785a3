from fastapi import Depends, Header, HTTPException


def current_role(x_role: str = Header("")) -> str:
    return x_role


class Permission:
    def __init__(self, action: str) -> None:
        self.action = action

    def __call__(self, role: str = Depends(current_role)) -> None:
        if self.action not in role:
            raise HTTPException(403)
