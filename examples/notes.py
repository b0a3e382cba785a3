import fastapi as f
from fastapi.params import Depends as D
from starlette.status import HTTP_204_NO_CONTENT

NOTES: dict[int, str] = {}
LOG = []

def notes(): return NOTES

async def opened(): LOG.append("opened")
def greeted(): LOG.append("greeted")
async def closed(): LOG.append("closed")

api = f.FastAPI(on_startup=[opened])
api.router.add_event_handler("startup", greeted)
api.on_event("shutdown")(closed)

admin = f.APIRouter(); public = f.APIRouter(tags=["public"])

@public.get("/notes/{number}")
@public.get("/n/{number}", include_in_schema=False)
def read(number: int = f.Path(ge=1), *, all=D(notes)):
	if number not in all: raise f.HTTPException(404)
	return all[number]

@public.put("/notes/{number}", status_code=HTTP_204_NO_CONTENT)
def write(number: int, text: str = f.Body(media_type="text/plain",
                                           max_length=200), all=D(notes)):
	all[number] = text

def forget(number: int, sure: bool = f.Query(False, deprecated=True), all=D(notes)): all.pop(number, None)

admin.add_api_route("/notes/{number}", forget, methods=["DELETE"], status_code=204)

@admin.get("/count")
def count(all: dict = D(notes)): return len(all)

api.include_router(public)
api.include_router(admin, prefix="/admin", dependencies=[D(notes)])

if __name__ == "__main__":
	print(count(NOTES), "notes")
