from fastapi import Depends, FastAPI, WebSocket, WebSocketException

app = FastAPI()


async def check_token(websocket: WebSocket):
    if websocket.query_params.get("token") != "t":
        raise WebSocketException(code=1008)


@app.websocket("/ws", dependencies=[Depends(check_token)])
async def echo(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())
