"""GET /api/openapi.json: what every route of the API takes and answers (OpenAPI 3.1).

A module of the page that has routes below /api describes them in `DESCRIBED`, by their path:
`{"/api/runs": {"get": operation("All runs", RUNS)}}`. Path parameters and what the guard may answer
(400, 401, 403, 413) come by themselves. tests/web/test_openapi.py says what is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ganbench import __version__
from ganbench.web import respond

Schema = dict[str, Any]
Operation = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {
    "description": "A number; JSON has no others than the finite ones.",
    "anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
}
ANYTHING: Schema = {"type": "object"}
BYTES: Schema = {"type": "string", "format": "binary"}
SAFE = ("get", "head", "options")
CODES = {
    304: "The browser has it already.",
    400: "The request makes no sense, or names another host.",
    401: "No token, or a wrong one.",
    403: "The token only reads, or the request comes from another site.",
    404: "There is no such thing.",
    409: "It is there already, and is different.",
    413: "The body is too large.",
    503: "The disk or the index refuses; the message says why.",
}


def array(items: Schema) -> Schema:
    """A list of `items`."""
    return {"type": "array", "items": items}


def by_name(values: Schema) -> Schema:
    """An object with any names and such values."""
    return {"type": "object", "additionalProperties": values}


def maybe(schema: Schema) -> Schema:
    """`schema`, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def record(**fields: Schema) -> Schema:
    """An object that has all of these fields, and perhaps others."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def operation(
    summary: str,
    answer: Schema,
    *,
    kind: str = "application/json",
    query: Mapping[str, Schema] | None = None,
    required: Sequence[str] = (),
    body: Schema | None = None,
    body_kind: str = "application/json",
    errors: Iterable[int] = (),
    parameters: Sequence[Schema] = (),
) -> Operation:
    """One method of a route: what it is for, the 200 answer of the media type `kind`, and its
    `errors`, whose text is {"error": "…"}.

    `query` are its parameters by name, of which some may be `required`; `parameters` are others
    in OpenAPI's own words. `body` is what it takes.
    """
    made: Operation = {
        "summary": summary,
        "responses": {"200": {"description": "Yes.", "content": {kind: {"schema": answer}}}},
    }
    named = [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in (query or {}).items()
    ]
    if named or parameters:
        made["parameters"] = [*named, *parameters]
    if body is not None:
        made["requestBody"] = {"required": True, "content": {body_kind: {"schema": body}}}
    for code in errors:
        made["responses"][str(code)] = _code(code)
    return made


def describe(described: Mapping[str, Mapping[str, Operation]]) -> Schema:
    """The whole description, of operations by path and method."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "ganbench", "version": __version__},
        "paths": {
            re.sub(r":\w+}", "}", path): {
                method: _complete(path, method, made) for method, made in methods.items()
            }
            for path, methods in sorted(described.items())
        },
        "components": {
            "schemas": {"Error": record(error=TEXT)},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def show(request: Request) -> Response:
    """GET /api/openapi.json"""
    return respond.json(request, request.app.state.description)


def _complete(path: str, method: str, made: Operation) -> Operation:
    """The operation with the path's parameters, and with what any route may answer."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    places = [{"name": n, "in": "path", "required": True, "schema": TEXT} for n in names]
    codes = [304, 400, 401, 503] if method in SAFE else [400, 401, 403, 413, 503]
    codes += [404] if names else []
    usual = {str(code): _code(code) for code in codes}
    return {
        "operationId": re.sub(r"\W+", "_", f"{method} {path}").strip("_"),
        **made,
        "parameters": [*places, *made.get("parameters", ())],
        "responses": {**usual, **made["responses"]},
    }


def _code(code: int) -> Schema:
    described: Schema = {"description": CODES[code]}
    if code != 304:
        error = {"schema": {"$ref": "#/components/schemas/Error"}}
        described["content"] = {"application/json": error}
    return described


ROUTES = [Route("/api/openapi.json", show)]
DESCRIBED = {"/api/openapi.json": {"get": operation("This description", ANYTHING)}}
