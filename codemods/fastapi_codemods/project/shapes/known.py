"""What functions and attributes of the standard library, FastAPI and Starlette give.

Only what holds for every argument is in here: `os.getenv` gives a str or None whatever it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .model import (
    BOOL,
    BYTES,
    FINITE,
    INT,
    NONE,
    OPTIONAL_STR,
    SIMPLE_FLOAT,
    STR,
    Either,
    Items,
    Json,
    Library,
    Shape,
    plain,
)

NAIVE = plain("datetime.datetime", "naive")
DATETIME = plain("datetime.datetime")
DATE = plain("datetime.date")
TIME = plain("datetime.time")
TIMEDELTA = plain("datetime.timedelta")
UUID = plain("uuid.UUID")
PATH = plain("pathlib.Path")
OPTIONAL_INT = Either((INT, NONE))
STRINGS = Items("list", STR)
HASH = Library("hashlib.hash")
TEXT_FILE = Library("io.TextIOWrapper")
BINARY_FILE = Library("io.BufferedIOBase")
JSON = Json()
_HTTP_VERBS = "delete get head options patch post put request"
_REQUESTS, _HTTPX, _AIOHTTP = map(Library, ("requests.Response", "httpx.Response", "aiohttp.ClientResponse"))
ENTERED = frozenset(
    {
        *(Library(name) for name in ("aiohttp.ClientSession", "httpx.AsyncClient", "httpx.Client", "requests.Session")),
        _AIOHTTP, _HTTPX, _REQUESTS, TEXT_FILE, BINARY_FILE,
    }
)  # fmt: skip
"""What `with` hands on as it is."""


def _all(shape: Shape, *names: str) -> Iterable[tuple[str, Shape]]:
    return ((name, shape) for name in names)


def _in(home: str, shape: Shape, names: str) -> Iterable[tuple[str, Shape]]:
    return ((f"{home}.{name}", shape) for name in names.split())


FUNCTIONS: Mapping[str, Shape] = dict(
    [
        *_in("builtins", STR, "ascii bin chr format hex input oct repr str"),
        *_in("builtins", INT, "id hash len ord"),
        *_in("builtins", BOOL, "all any bool callable hasattr isinstance issubclass"),
        *_in("builtins", NONE, "print setattr"),
        *_in("builtins", BYTES, "bytes"),
        *_in(
            "base64", BYTES, "b16encode b32encode b64encode b64decode encodebytes urlsafe_b64encode urlsafe_b64decode"
        ),
        *_in("datetime.date", DATE, "today fromisoformat"),
        *_in("datetime.datetime", NAIVE, "today utcnow utcfromtimestamp"),
        *_in("datetime", TIMEDELTA, "timedelta"),
        *_in("decimal", plain("decimal.Decimal"), "Decimal"),
        *_in("getpass", STR, "getuser"),
        *_in("hashlib", HASH, "blake2b blake2s md5 new sha1 sha224 sha256 sha384 sha512"),
        *_in("hmac", BOOL, "compare_digest"),
        *_in("hmac", BYTES, "digest"),
        *_in("hmac", HASH, "new"),
        *_in("html", STR, "escape unescape"),
        *_in("json", STR, "dumps"),
        *_in("aiohttp", Library("aiohttp.ClientSession"), "ClientSession"),
        *_in("httpx", Library("httpx.AsyncClient"), "AsyncClient"),
        *_in("httpx", Library("httpx.Client"), "Client"),
        *_in("httpx", _HTTPX, _HTTP_VERBS),
        *_in("importlib.metadata", STR, "version"),
        *_in("jose.jwt", STR, "encode"),
        *_in("jwt", STR, "encode"),
        *_in("math", BOOL, "isfinite isinf isnan"),
        *_in("math", INT, "ceil comb factorial floor gcd isqrt"),
        *_in("os", BOOL, "access"),
        *_in("os", INT, "getpid getppid"),
        *_in("os", STR, "getcwd"),
        *_in("os", BYTES, "urandom"),
        *_in("os", OPTIONAL_INT, "cpu_count"),
        *_in("os", Library("os.stat_result"), "stat"),
        *_in("os.path", BOOL, "exists isabs isdir isfile islink"),
        *_in("os.path", FINITE, "getatime getctime getmtime"),
        *_in("os.path", INT, "getsize"),
        *_in("pathlib", PATH, "Path"),
        *_in("pathlib.Path", PATH, "cwd home"),
        *_in("platform", STR, "machine node platform processor python_implementation python_version release system"),
        *_in("platform", STR, "version"),
        *_in("re", STR, "escape"),
        *_in("requests", Library("requests.Session"), "Session session"),
        *_in("requests", _REQUESTS, _HTTP_VERBS),
        *_in("random", FINITE, "random"),
        *_in("random", INT, "getrandbits randint randrange"),
        *_in("secrets", BOOL, "compare_digest"),
        *_in("secrets", BYTES, "token_bytes"),
        *_in("secrets", INT, "randbelow"),
        *_in("secrets", STR, "token_hex token_urlsafe"),
        *_in("shlex", STR, "quote"),
        *_in("socket", STR, "gethostname"),
        *_in("sys", INT, "getrefcount getsizeof"),
        *_in("tempfile", STR, "gettempdir mkdtemp"),
        *_in("textwrap", STR, "dedent fill indent shorten"),
        *_in("threading", INT, "active_count get_ident"),
        *_in("time", FINITE, "monotonic perf_counter process_time"),
        *_in("time", INT, "monotonic_ns perf_counter_ns time_ns"),
        *_in("time", NONE, "sleep"),
        *_in("time", SIMPLE_FLOAT, "time"),
        *_in("time", STR, "ctime strftime"),
        *_in("traceback", STR, "format_exc"),
        *_in("urllib.parse", STR, "quote quote_plus urlencode"),
        *_in("uuid", UUID, "UUID uuid1 uuid3 uuid4 uuid5"),
    ]
)

HARMLESS = frozenset(
    {
        "all", "any", "ascii", "bool", "callable", "enumerate", "filter", "float", "format", "hasattr", "hash", "id",
        "int", "isinstance", "issubclass", "len", "list", "max", "min", "print", "range", "repr", "reversed", "round",
        "set", "sorted", "str", "sum", "tuple", "type", "zip", "dict", "frozenset", "iter", "next", "abs", "open",
    }
)  # fmt: skip
"""Builtins that change none of their arguments (`next` does, but not what is followed here)."""

JSON_LOADERS = frozenset({"json.load", "json.loads", "orjson.loads"})
JSON_KEYWORDS = frozenset({"content_type", "encoding"})
"""Those with which a document is still read as it is; `parse_float` and the like make something else of it."""

HARMLESS_CALLS = frozenset(
    {
        "json.dumps", "copy.copy", "copy.deepcopy", "pprint.pformat", "os.path.join", "posixpath.join", "jwt.encode",
        "jose.jwt.encode", *(f"{home}.{verb}" for home in ("httpx", "requests") for verb in _HTTP_VERBS.split()),
    }
)  # fmt: skip
READING = frozenset(
    {
        "commit",
        "delete",
        "dumps",
        "execute",
        "expunge",
        "flush",
        "refresh",
        "rollback",
        "filter",
        "filter_by",
        "in_",
        "not_in",
        "order_by",
        "where",
    }
)
"""Methods that change no list or dict that they are given, whatever has them."""

LOGGING = frozenset(
    {
        "acritical",
        "adebug",
        "aerror",
        "aexception",
        "ainfo",
        "awarning",
        "critical",
        "debug",
        "error",
        "exception",
        "info",
        "log",
        "warn",
        "warning",
    }
)

STR_METHODS: Mapping[str, Shape] = {
    **dict(
        _all(
            STR, "capitalize", "casefold", "center", "expandtabs", "format", "format_map", "join", "ljust", "lower",
            "lstrip", "removeprefix", "removesuffix", "replace", "rjust", "rstrip", "strip", "swapcase", "title",
            "translate", "upper", "zfill",
        )
    ),
    **dict(
        _all(
            BOOL, "endswith", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower",
            "isnumeric", "isprintable", "isspace", "istitle", "isupper", "startswith",
        )
    ),
    **dict(_all(INT, "count", "find", "index", "rfind", "rindex")),
    **dict(_all(STRINGS, "rsplit", "split", "splitlines")),
    "encode": BYTES,
}  # fmt: skip

METHODS: Mapping[str, Mapping[str, Shape]] = {
    "builtins.str": STR_METHODS,
    "builtins.bytes": {"decode": STR, "hex": STR, "strip": BYTES, "startswith": BOOL, "endswith": BOOL},
    "builtins.int": {"bit_length": INT, "bit_count": INT},
    "builtins.float": {"is_integer": BOOL, "hex": STR},
    "datetime.datetime": {
        **dict(_all(STR, "isoformat", "strftime", "ctime")),
        "date": DATE,
        **dict(_all(INT, "weekday", "isoweekday", "toordinal")),
        "timestamp": FINITE,
    },
    "datetime.date": {
        **dict(_all(STR, "isoformat", "strftime", "ctime")),
        **dict(_all(INT, "weekday", "isoweekday", "toordinal")),
    },
    "datetime.time": {"isoformat": STR, "strftime": STR},
    "datetime.timedelta": {"total_seconds": FINITE},
    "pathlib.Path": {
        **dict(_all(STR, "read_text", "as_posix", "as_uri")),
        **dict(_all(BOOL, "exists", "is_dir", "is_file", "is_absolute", "is_symlink")),
        **dict(_all(PATH, "resolve", "absolute", "expanduser", "joinpath", "with_suffix", "with_name", "relative_to")),
        **dict(_all(Items("iterator", PATH), "glob", "rglob", "iterdir")),
        "read_bytes": BYTES,
        "stat": Library("os.stat_result"),
    },
    "hashlib.hash": {"hexdigest": STR, "digest": BYTES},
    "io.TextIOWrapper": {"read": STR, "readline": STR, "readlines": STRINGS},
    "io.BufferedIOBase": {"read": BYTES, "readline": BYTES},
    "starlette.Headers": {"get": OPTIONAL_STR},
    "requests.Session": dict(_all(_REQUESTS, *_HTTP_VERBS.split())),
    "requests.Response": {"json": JSON},
    "httpx.Client": dict(_all(_HTTPX, *_HTTP_VERBS.split())),
    "httpx.Response": {"json": JSON},
    # A coroutine and a context manager in one.
    "aiohttp.ClientSession": dict(_all(_AIOHTTP, *_HTTP_VERBS.split())),
}

ATTRIBUTES: Mapping[str, Mapping[str, Shape]] = {
    "datetime.datetime": dict(_all(INT, "year", "month", "day", "hour", "minute", "second", "microsecond")),
    "datetime.date": dict(_all(INT, "year", "month", "day")),
    "datetime.timedelta": dict(_all(INT, "days", "seconds", "microseconds")),
    "uuid.UUID": {"hex": STR, "urn": STR, "int": INT},
    "pathlib.Path": {**dict(_all(STR, "name", "stem", "suffix")), "parent": PATH},
    "os.stat_result": {**dict(_all(INT, "st_size", "st_mode", "st_ino")), **dict(_all(FINITE, "st_mtime", "st_ctime"))},
    "fastapi.Request": {
        "method": STR,
        "url": Library("starlette.URL"),
        "base_url": Library("starlette.URL"),
        "client": Either((Library("starlette.Address"), NONE)),
        "headers": Library("starlette.Headers"),
        "query_params": Library("starlette.Headers"),
        "cookies": Library("starlette.Headers"),
    },
    "starlette.URL": {
        **dict(_all(STR, "path", "scheme", "query", "fragment", "netloc")),
        "hostname": OPTIONAL_STR,
        "port": OPTIONAL_INT,
    },
    "starlette.Address": {"host": STR, "port": INT},
    "requests.Response": {"text": STR, "status_code": INT, "ok": BOOL, "url": STR},
    "httpx.Response": {"text": STR, "status_code": INT, "is_success": BOOL, "is_error": BOOL, "reason_phrase": STR},
    "aiohttp.ClientResponse": {"status": INT, "ok": BOOL},
    "subprocess.run of text": {"returncode": INT, "stdout": STR, "stderr": STR},
    "subprocess.run": {"returncode": INT},
    "fastapi.UploadFile": {"filename": OPTIONAL_STR, "content_type": OPTIONAL_STR, "size": OPTIONAL_INT},
    "fastapi.security.OAuth2PasswordRequestForm": {
        **dict(_all(STR, "username", "password")),
        **dict(_all(OPTIONAL_STR, "client_id", "client_secret", "grant_type")),
        "scopes": STRINGS,
    },
    "fastapi.security.HTTPBasicCredentials": dict(_all(STR, "username", "password")),
    "fastapi.security.HTTPAuthorizationCredentials": dict(_all(STR, "scheme", "credentials")),
}

CONSTANTS: Mapping[str, Shape] = {
    "sys.version": STR,
    "sys.platform": STR,
    "sys.executable": STR,
    "os.name": STR,
    "os.sep": STR,
    "math.pi": SIMPLE_FLOAT,
    "math.e": SIMPLE_FLOAT,
    **dict(_all(STR, *(f"string.{name}" for name in ("ascii_letters", "digits", "punctuation", "ascii_lowercase")))),
}

AWAITED: Mapping[str, Mapping[str, Shape]] = {
    "fastapi.UploadFile": {"read": BYTES},
    "fastapi.Request": {"body": BYTES, "json": JSON},
    "httpx.AsyncClient": dict(_all(_HTTPX, *_HTTP_VERBS.split())),
    "aiohttp.ClientSession": dict(_all(_AIOHTTP, *_HTTP_VERBS.split())),
    "aiohttp.ClientResponse": {"json": JSON, "text": STR},
}

SECURITY: Mapping[str, tuple[Shape, Shape]] = {
    **dict.fromkeys(
        (
            f"fastapi.security.{name}"
            for name in (
                "APIKeyCookie", "APIKeyHeader", "APIKeyQuery", "OAuth2AuthorizationCodeBearer", "OAuth2PasswordBearer",
            )
        ),
        (STR, OPTIONAL_STR),
    ),
    "fastapi.security.HTTPBearer": (
        Library("fastapi.security.HTTPAuthorizationCredentials"),
        Either((Library("fastapi.security.HTTPAuthorizationCredentials"), NONE)),
    ),
    "fastapi.security.HTTPBasic": (
        Library("fastapi.security.HTTPBasicCredentials"),
        Either((Library("fastapi.security.HTTPBasicCredentials"), NONE)),
    ),
}  # fmt: skip
"""What security schemes of FastAPI give as dependencies, and what with `auto_error=False`."""

ALIASES = {
    "starlette.requests.Request": "fastapi.Request",
    "fastapi.requests.Request": "fastapi.Request",
    "starlette.datastructures.UploadFile": "fastapi.UploadFile",
    "fastapi.datastructures.UploadFile": "fastapi.UploadFile",
    "typing.Text": "builtins.str",
}
