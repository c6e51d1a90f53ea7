"""Routes of the server as a Starlette application."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from empowerment.text.handoff.server.answers import CompletionForm, Form, InfillForm, error_body, sse
from empowerment.text.handoff.server.engine import BusyError
from empowerment.text.handoff.server.limits import Limits
from empowerment.text.handoff.server.questions import (
    Question,
    RequestError,
    completion_question,
    infill_question,
    read_body,
)
from empowerment.text.handoff.server.service import LOOPBACK, Answer, Service

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]

# Of a body that is too long this many times the limit is read and thrown away, so that its sender gets the answer.
_READ_ANYWAY = 16


def make_app(service: Service) -> Starlette:
    """Make the application of a service, which stops the service when it ends."""

    async def completions(request: Request) -> Response:
        return await _answered(service, request, completion_question, CompletionForm)

    async def infill(request: Request) -> Response:
        return await _answered(service, request, infill_question, InfillForm)

    async def feedback(request: Request) -> Response:
        service.log.feedback(read_body(await _body(request, service.limits)))
        return JSONResponse({"status": "noted"})

    async def models(request: Request) -> Response:
        described = {"id": service.model.name, "object": "model", "created": 0, "owned_by": "local"}
        return JSONResponse({"object": "list", "data": [described]})

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(service.engine.stop)
        service.log.close()

    def route(path: str, method: str, handler: Handler) -> Route:
        return Route(path, _admitted(service, handler), methods=[method])

    return Starlette(
        routes=[
            route("/v1/completions", "POST", completions),
            route("/infill", "POST", infill),
            route("/v1/feedback", "POST", feedback),
            route("/v1/models", "GET", models),
            route("/health", "GET", health),
        ],
        exception_handlers={HTTPException: _no_route},
        lifespan=lifespan,
    )


def _admitted(service: Service, handler: Handler) -> Handler:
    """Return a handler that refuses unauthorized requests, and reports errors in OpenAI's format."""

    async def admitted(request: Request) -> Response:
        try:
            _check_sender(service, request)
            return await handler(request)
        except BusyError as reason:
            return JSONResponse(error_body(str(reason), "busy"), status_code=503, headers={"Retry-After": "1"})
        except RequestError as reason:
            return _refused(reason)
        except ClientDisconnect:
            return Response(status_code=499)

    return admitted


def _check_sender(service: Service, request: Request) -> None:
    """Refuse a request that comes from a page of another site, or without the key."""
    host = request.headers.get("host", "").strip().lower()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if "*" not in service.hosts and name not in service.hosts:
        known = ", ".join(service.hosts)
        raise RequestError(f"this server is not addressed as {name!r}, but as {known}", status=403)
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2].rpartition(":")[0].strip("[]") not in LOOPBACK:
        raise RequestError(f"pages of {origin!r} may not ask this server", status=403)
    if service.key is not None:
        sent = request.headers.get("authorization", "").encode("latin-1", "replace")
        if not hmac.compare_digest(sent, f"Bearer {service.key}".encode()):
            raise RequestError("the key is missing or wrong; send it as 'Authorization: Bearer KEY'", status=401)


def _refused(reason: RequestError) -> Response:
    kind = "invalid_request_error" if reason.status < 500 else "model_error"
    return JSONResponse(error_body(str(reason), kind, reason.field), status_code=reason.status)


async def _no_route(request: Request, reason: HTTPException) -> Response:
    known = "/v1/completions, /v1/models, /infill, /v1/feedback and /health"
    message = f"{request.method} {request.url.path}: {reason.detail}; this server knows {known}"
    return JSONResponse(error_body(message, "invalid_request_error"), status_code=reason.status_code)


async def _body(request: Request, limits: Limits) -> bytes:
    """Return the body of a request, within the limits of size and time."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limits.body:
                    body += chunk
                elif size > _READ_ANYWAY * limits.body:
                    break
    except TimeoutError:
        raise RequestError("the body did not arrive in time", status=408) from None
    if size > limits.body:
        raise RequestError(f"the body has more than {limits.body} bytes, which is the limit", status=413)
    return bytes(body)


async def _answered(
    service: Service,
    request: Request,
    read: Callable[[Mapping[str, Any], Limits], Question],
    form_of: Callable[[str, str, int], Form],
) -> Response:
    question = read(read_body(await _body(request, service.limits)), service.limits)
    number = f"ho-{uuid.uuid4().hex}"
    form = form_of(number, service.model.name, int(time.time()))
    answer = Answer(service, question, number)
    pieces = answer.pieces()
    if question.stream:
        # The first piece decides whether there is an answer at all: until then a failure has a status of its own.
        first = await _while_connected(request, anext(pieces, None))

        async def events() -> AsyncIterator[str]:
            async with contextlib.aclosing(pieces):
                if first is not None:
                    yield sse(form.piece(first))
                try:
                    async for piece in pieces:
                        yield sse(form.piece(piece))
                    yield sse(form.end("", answer.report, answer.logprobs)) + form.last_line
                except RequestError as reason:
                    yield sse(error_body(str(reason), "model_error"))

        return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
    async with contextlib.aclosing(pieces):
        await _while_connected(request, _read_all(pieces))
    return JSONResponse(form.end(answer.text, answer.report, answer.logprobs))


async def _read_all(pieces: AsyncIterator[str]) -> None:
    async for _ in pieces:
        pass


async def _while_connected(request: Request, work: Awaitable[T]) -> T:
    """Return what comes of some work, unless its sender hangs up.

    Raises
    ------
    ClientDisconnect
        If the sender has hung up; the work is cancelled.
    """
    working: asyncio.Future[T] = asyncio.ensure_future(work)
    gone: asyncio.Future[None] = asyncio.ensure_future(_hung_up(request))
    both: set[asyncio.Future[Any]] = {working, gone}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
