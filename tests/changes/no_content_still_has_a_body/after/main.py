from fastapi import FastAPI, Response

app = FastAPI()
NOTES = {1: "milk", 2: "eggs"}


@app.delete("/notes/{note_id}")
def delete_note(note_id: int, response: Response):
    if note_id in NOTES:
        del NOTES[note_id]
    return {"left": len(NOTES)}
