"""How operations are described: one decorator, so that none forgets its errors and its example.

Belongs here: what drf-spectacular is told. Stays out: the views and their shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from vitrina.api.problems import CONTENT_TYPE, WORDS

Handler = TypeVar("Handler", bound=Callable[..., Any])
#: Errors that every operation may answer with.
ALWAYS = (401, 403, 404, 429)
#: … and what comes with a body.
WITH_BODY = (400, 415, 422)


class Problem(serializers.Serializer[Any]):
    """One body for all errors."""

    status = serializers.IntegerField(help_text="The HTTP status again.")
    code = serializers.CharField(help_text="A word for programs.")
    message = serializers.CharField(help_text="A sentence for people.")
    hint = serializers.CharField(required=False, help_text="What to do about it.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.CharField(), required=False, help_text="Field, or line of a file → what is wrong with it."
    )
    state = serializers.DictField(required=False, help_text="Conflicts: how the item stands, with its `reason`.")


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the key in the header."""

    target_class = "vitrina.api.authentication.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 - drf-spectacular's
        """A bearer."""
        return {"type": "http", "scheme": "bearer", "description": "A key of the page /keys/ or `vitrina user token`."}


def operation(
    name: str,
    summary: str,
    *,
    answer: Any = None,
    example: Any = None,
    status: int = 200,
    request: Any = None,
    sends: Any = None,
    media: str = "application/json",
    problems: Sequence[int] = (),
    parameters: Sequence[Any] = (),
    tag: str,
    nothing: bool = False,
) -> Callable[[Handler], Handler]:
    """Describe one method of a view.

    Args:
        name: The operation's id, for generated clients.
        summary: One sentence.
        answer: Shape of the answer; ``None``: no body.
        example: An answer as it comes.
        status: Of success.
        request: Shape of the body; ``None``: no body.
        sends: A body as it is sent.
        media: Type of the answer.
        problems: Statuses besides those that every operation has.
        parameters: Of the query.
        tag: The part of the desk.
        nothing: It may also answer 204 with the reason in a header.
    """
    statuses = {*ALWAYS, *problems, *(WITH_BODY if request is not None else ())}
    shown = [OpenApiExample("answer", value=example)] if example is not None else []
    responses: dict[Any, Any] = {(status, media) if answer is not None else status: OpenApiResponse(
        answer, description="Done." if answer is None else "", examples=shown)}  # fmt: skip
    for code in sorted(statuses):
        responses[(code, CONTENT_TYPE)] = OpenApiResponse(
            Problem, description=WORDS[code][1], examples=[OpenApiExample(WORDS[code][0], value=_example(code))]
        )
    headers = [_header("Retry-After", int, "Seconds to wait.", [429])]
    if nothing:
        responses[204] = OpenApiResponse(None, description="No item for this person now; the header says why.")
        headers += [
            _header("X-Nothing", str, "done, all-held, paused or stopped.", [204]),
            _header("Retry-After", int, "Seconds after which asking again makes sense.", [204]),
        ]
    medias = list(request) if isinstance(request, dict) else ["application/json"]
    given = [
        OpenApiExample("request", value=sends, request_only=True, media_type=one) for one in medias if sends is not None
    ]
    return extend_schema(  # type: ignore[no-any-return]
        operation_id=name, summary=summary, request=request, responses=responses, tags=[tag], examples=given,
        parameters=[*parameters, *headers],
    )  # fmt: skip


def _header(name: str, kind: type, said: str, statuses: list[int]) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=said, response=statuses)


def _example(code: int) -> dict[str, Any]:
    body: dict[str, Any] = {"status": code, "code": WORDS[code][0], "message": WORDS[code][1]}
    if code == 409:
        body |= {"message": "Others have taken this item since.", "state": {"reason": "full", "state": "open"}}
    if code == 422:
        body["fields"] = {"side": '"up" is not a valid choice.'}
    return body


def only_this_version(endpoints: Sequence[Any]) -> list[Any]:
    """A hook of drf-spectacular: no address but those of the API."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
