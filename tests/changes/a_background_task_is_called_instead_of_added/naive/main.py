from fastapi import BackgroundTasks, FastAPI

app = FastAPI()
SENT: list[str] = []


def send(to: str) -> None:
    if not to:
        raise RuntimeError("nobody to send to")
    SENT.append(to)


@app.post("/mail")
def mail(tasks: BackgroundTasks, to: str = "ada"):
    send(to)
    return {"queued": to, "sent": len(SENT)}


@app.get("/sent")
def sent():
    return SENT
