from fastapi import FastAPI, Response

app = FastAPI()
NOTES = {1: "milk", 2: "eggs"}


@app.delete("/notes/{note_id}")
def delete_note(note_id: int, response: Response):
    NOTES.pop(note_id, None)
    return {"left": len(NOTES)}
