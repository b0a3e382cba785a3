from fastapi import FastAPI

from domain import Invoice

app = FastAPI()


@app.post("/invoices")
def create(invoice: Invoice) -> Invoice:
    return invoice
