from fastapi import Depends, FastAPI, WebSocket, WebSocketException

app = FastAPI()


async def check_token(websocket: WebSocket):
    if websocket.query_params.get("token") != "t":
        raise WebSocketException(code=1008)


async def echo(websocket: WebSocket):
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


app.add_api_websocket_route("/ws", echo, dependencies=[Depends(check_token)])
