"""The names that `fastapi.status` has for status codes, as data.

Source: starlette/status.py. The names that RFC 9110 changed came with Starlette 0.48: older ones have the old names
only, and newer ones warn of these.
"""

from __future__ import annotations

from ..project.versions import NEWEST, Release, Versions, spelled

_NEW_NAMES_SINCE: Release = (0, 48)
_FASTAPI_WITH_NEW_NAMES: Release = (0, 164)
"""From here on FastAPI itself needs a Starlette of at least 1.6."""

RENAMED = {
    413: ("HTTP_413_REQUEST_ENTITY_TOO_LARGE", "HTTP_413_CONTENT_TOO_LARGE"),
    414: ("HTTP_414_REQUEST_URI_TOO_LONG", "HTTP_414_URI_TOO_LONG"),
    416: ("HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE", "HTTP_416_RANGE_NOT_SATISFIABLE"),
    422: ("HTTP_422_UNPROCESSABLE_ENTITY", "HTTP_422_UNPROCESSABLE_CONTENT"),
}

_OTHERS = (
    "HTTP_100_CONTINUE HTTP_101_SWITCHING_PROTOCOLS HTTP_102_PROCESSING HTTP_103_EARLY_HINTS HTTP_200_OK "
    "HTTP_201_CREATED HTTP_202_ACCEPTED HTTP_203_NON_AUTHORITATIVE_INFORMATION HTTP_204_NO_CONTENT "
    "HTTP_205_RESET_CONTENT HTTP_206_PARTIAL_CONTENT HTTP_207_MULTI_STATUS HTTP_208_ALREADY_REPORTED "
    "HTTP_226_IM_USED HTTP_300_MULTIPLE_CHOICES HTTP_301_MOVED_PERMANENTLY HTTP_302_FOUND HTTP_303_SEE_OTHER "
    "HTTP_304_NOT_MODIFIED HTTP_305_USE_PROXY HTTP_306_RESERVED HTTP_307_TEMPORARY_REDIRECT "
    "HTTP_308_PERMANENT_REDIRECT HTTP_400_BAD_REQUEST HTTP_401_UNAUTHORIZED HTTP_402_PAYMENT_REQUIRED "
    "HTTP_403_FORBIDDEN HTTP_404_NOT_FOUND HTTP_405_METHOD_NOT_ALLOWED HTTP_406_NOT_ACCEPTABLE "
    "HTTP_407_PROXY_AUTHENTICATION_REQUIRED HTTP_408_REQUEST_TIMEOUT HTTP_409_CONFLICT HTTP_410_GONE "
    "HTTP_411_LENGTH_REQUIRED HTTP_412_PRECONDITION_FAILED HTTP_415_UNSUPPORTED_MEDIA_TYPE "
    "HTTP_417_EXPECTATION_FAILED HTTP_418_IM_A_TEAPOT HTTP_421_MISDIRECTED_REQUEST HTTP_423_LOCKED "
    "HTTP_424_FAILED_DEPENDENCY HTTP_425_TOO_EARLY HTTP_426_UPGRADE_REQUIRED HTTP_428_PRECONDITION_REQUIRED "
    "HTTP_429_TOO_MANY_REQUESTS HTTP_431_REQUEST_HEADER_FIELDS_TOO_LARGE "
    "HTTP_451_UNAVAILABLE_FOR_LEGAL_REASONS HTTP_500_INTERNAL_SERVER_ERROR HTTP_501_NOT_IMPLEMENTED "
    "HTTP_502_BAD_GATEWAY HTTP_503_SERVICE_UNAVAILABLE HTTP_504_GATEWAY_TIMEOUT "
    "HTTP_505_HTTP_VERSION_NOT_SUPPORTED HTTP_506_VARIANT_ALSO_NEGOTIATES HTTP_507_INSUFFICIENT_STORAGE "
    "HTTP_508_LOOP_DETECTED HTTP_510_NOT_EXTENDED HTTP_511_NETWORK_AUTHENTICATION_REQUIRED"
)

NAMES = {int(name.split("_")[1]): name for name in _OTHERS.split()}
"""By code, but for `RENAMED`."""


def name_of(number: int, versions: Versions) -> str | None:
    """The name that every version which the project supports has, without a warning."""
    if number in RENAMED:
        return RENAMED[number][1] if has_new_names(versions) else None
    return NAMES.get(number)


def has_new_names(versions: Versions) -> bool:
    if versions.starlette != NEWEST:
        return versions.starlette >= _NEW_NAMES_SINCE
    return versions.supports_fastapi(_FASTAPI_WITH_NEW_NAMES)


def why_old_names(versions: Versions) -> str:
    if versions.starlette != NEWEST:
        return (
            f"{versions.starlette_source} allows Starlette {spelled(versions.starlette)}, the new name came with 0.48"
        )
    return (
        f"{versions.fastapi_source} allows FastAPI {spelled(versions.fastapi)}, whose Starlette may be older than 0.48,"
        " with which the new name came"
    )
