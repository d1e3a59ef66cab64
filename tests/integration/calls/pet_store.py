"""A pet store: a FastAPI application with the OpenAPI 3.1 document that FastAPI writes, and an older one by hand."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Cookie, FastAPI, Form, Header, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

SWAGGER = """\
swagger: '2.0'
info: {title: Pets, version: 2020-01-01}
basePath: /v2
consumes: [application/json]
produces: [application/json]
parameters:
  status: {name: status, in: query, type: array, items: {type: string}, collectionFormat: multi}
paths:
  /pets/{petId}:
    parameters:
      - {name: petId, in: path, required: true, type: integer}
    get:
      operationId: showPet
      parameters: [{$ref: '#/parameters/status'}]
      responses: {200: {description: ok}}
    put:
      operationId: renamePet
      parameters:
        - {name: pet, in: body, required: true, schema: {type: object}}
      responses: {200: {description: ok}}
    post:
      operationId: feedPet
      consumes: [application/x-www-form-urlencoded]
      parameters:
        - {name: food, in: formData, type: string, required: true}
      responses: {200: {description: ok}}
"""


class Pet(BaseModel):
    """A pet."""

    name: str
    tags: list[str] = []


@dataclass
class PetStore:
    """Its pets, and how often its document was read."""

    pets: dict[int, dict[str, Any]] = field(default_factory=lambda: {1: {"name": "Tom", "tags": ["cat"]}})
    documents: int = 0
    arrivals: list[str] = field(default_factory=list)
    may_answer: bool = False

    def app(self) -> FastAPI:
        app = FastAPI(title="Pets")

        @app.middleware("http")
        async def count(request: Request, go_on: Any) -> Response:
            self.documents += request.url.path in ("/openapi.json", "/swagger.yaml")
            answer: Response = await go_on(request)
            return answer

        @app.get("/swagger.yaml", include_in_schema=False)
        async def swagger() -> Response:
            return Response(SWAGGER, media_type="application/yaml")

        @app.get("/private/openapi.json", include_in_schema=False)
        async def private(request: Request) -> Any:
            if request.headers.get("authorization") != "Basic YWRhOm9wZW4gc2VzYW1l":
                raise HTTPException(401)
            return app.openapi()

        @app.get("/pets/{pet_id}", operation_id="getPet")
        async def get_pet(
            pet_id: int, x_trace: Annotated[str, Header()] = "", session: Annotated[str, Cookie()] = ""
        ) -> Any:
            if pet_id not in self.pets:
                raise HTTPException(404, "no such pet")
            return {**self.pets[pet_id], "trace": x_trace, "session": session}

        @app.get("/pets", operation_id="findPets")
        async def find_pets(tags: Annotated[list[str], Query()], limit: int = 10) -> Any:
            return {"tags": tags, "limit": limit}

        @app.post("/pets", operation_id="addPet", status_code=201)
        async def add_pet(pet: Pet, request: Request) -> Any:
            self.arrivals.append(request.headers["idempotency-key"])
            number = max(self.pets) + 1
            self.pets[number] = pet.model_dump()
            return {"id": number, **pet.model_dump()}

        @app.post("/food", operation_id="feed")
        async def feed(kind: Annotated[str, Form()], grams: Annotated[int, Form()]) -> Any:
            return {"kind": kind, "grams": grams}

        @app.api_route("/slow", methods=["GET"], operation_id="lookSlowly")
        @app.api_route("/slow", methods=["POST"], operation_id="feedSlowly")
        async def slow() -> Any:
            while not self.may_answer:  # noqa: ASYNC110 - the test lives in another loop
                await asyncio.sleep(0.02)

        @app.get("/moved", operation_id="moved")
        async def moved() -> Any:
            return RedirectResponse("/pets/1")

        @app.api_route("/v2/pets/{pet_id}", methods=["GET", "PUT", "POST"], include_in_schema=False)
        async def former(pet_id: int, request: Request) -> Any:
            query = {name: request.query_params.getlist(name) for name in request.query_params}
            return {"id": pet_id, "query": query, "body": (await request.body()).decode(),
                    "type": request.headers.get("content-type")}  # fmt: skip

        return app
