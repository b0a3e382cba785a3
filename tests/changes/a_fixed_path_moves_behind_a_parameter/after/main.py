from fastapi import FastAPI

app = FastAPI(title="Expenses")

EXPENSES = {1: 12.5, 2: 7.0}


def _sum_of_all():
    return sum(EXPENSES.values())


@app.get("/expenses/total")
def total():
    return {"total": _sum_of_all()}


@app.get("/expenses/{expense_id}")
def read_expense(expense_id: str):
    return {"id": expense_id}


@app.get("/health")
def health():
    return {"ok": True}
