from fastapi import FastAPI

app = FastAPI(title="Expenses")

EXPENSES = {1: 12.5, 2: 7.0}


@app.get("/expenses/{expense_id}")
def read_expense(expense_id: str):
    return {"id": expense_id}


@app.get("/expenses/total")
def total():
    return {"total": sum(EXPENSES.values())}


@app.get("/health")
def health():
    return {"ok": True}
