"""Which calls of libraries block the thread they run in: data, each group with the page that says so.

Kept out is what never waits for a disk, a network, another process or a long computation (`os.path.join`), what only
sometimes does (methods of sockets, which may be non-blocking), and what reads an open file: opening it is found.
Kept out too are methods that texts, dictionaries or matches also have (`Path.copy`, `Path.group`, `Query.count`,
`Query.update`): nearly all that is called like that is something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ANY = "*"
"""Every method, except for those that `harmless` names."""

FILE = "io.TextIOWrapper"
"""The class by which all open files go."""


class Group(NamedTuple):
    """Calls of one library. Names are separated by blanks; those of methods are without their class."""

    source: str
    calls: Mapping[str, str] = {}
    """By module: functions that block, and classes whose making does."""
    methods: Mapping[str, str] = {}
    """By class: methods that block."""
    harmless: Mapping[str, str] = {}
    """By class with `ANY`: methods that do not block."""
    makes: Mapping[str, str] = {}
    """By class: calls whose value is one, besides the class itself. `C()` stands for calling an instance of C."""
    elements: Mapping[str, str] = {}
    """By class: calls whose value gives such objects when iterated."""
    aliases: Mapping[str, str] = {}
    """By class: other names of it, and subclasses that behave alike."""
    parts: Mapping[str, str] = {}
    """By class: classes from whose objects one is got with a dot or in brackets, whatever the name."""


_HTTP = "delete get head options patch post put request"
_FILES = "https://docs.python.org/3/library/os.html#files-and-directories"
_HTTP_CLIENT = f"{_HTTP} close send stream"
_MODEL_API = (
    "create create_and_poll create_and_run_poll delete edit generate list parse poll retrieve stream update upload"
)

GROUPS = (
    Group("https://docs.python.org/3/library/functions.html", calls={"builtins": "open input"}),
    Group(
        "https://docs.python.org/3/library/io.html",
        calls={"io": "open open_code", "codecs": "open"},
        methods={FILE: "flush read read1 readinto readline readlines truncate write writelines"},
        makes={
            FILE: "builtins.open io.open io.open_code codecs.open os.fdopen pathlib.Path.open gzip.open bz2.open "
            "lzma.open tempfile.TemporaryFile tempfile.NamedTemporaryFile"
        },
        aliases={FILE: "io.BufferedReader io.BufferedWriter io.BufferedRandom io.FileIO typing.TextIO typing.BinaryIO"},
    ),
    Group("https://docs.python.org/3/library/time.html#time.sleep", calls={"time": "sleep"}),
    Group("https://docs.python.org/3/library/getpass.html", calls={"getpass": "getpass"}),
    Group(
        "https://docs.python.org/3/library/subprocess.html",
        calls={"subprocess": "Popen call check_call check_output getoutput getstatusoutput run"},
        methods={"subprocess.Popen": "communicate wait"},
    ),
    Group(
        "https://docs.python.org/3/library/os.html#process-management",
        calls={
            "os": "popen posix_spawn posix_spawnp spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe "
            "system wait wait3 wait4 waitid waitpid"
        },
    ),
    Group(
        _FILES,
        calls={
            "os": "chmod chown copy_file_range fdatasync fsync link listdir lstat makedirs mkdir remove removedirs "
            "rename renames replace rmdir scandir sendfile stat statvfs symlink sync truncate unlink utime walk"
        },
    ),
    Group(
        "https://docs.python.org/3/library/os.path.html",
        calls={
            "os.path": "abspath exists expanduser getatime getctime getmtime getsize isdevdrive isdir isfile "
            "isjunction islink ismount lexists realpath relpath sameopenfile samefile"
        },
    ),
    Group(
        "https://docs.python.org/3/library/pathlib.html",
        methods={
            "pathlib.Path": "absolute chmod exists expanduser glob hardlink_to is_block_device is_char_device is_dir "
            "is_fifo is_file is_mount is_socket is_symlink iterdir lchmod lstat mkdir open read_bytes read_text "
            "readlink rename replace resolve rglob rmdir samefile stat symlink_to touch unlink walk write_bytes "
            "write_text"
        },
        makes={
            "pathlib.Path": "pathlib.Path.absolute pathlib.Path.cwd pathlib.Path.expanduser pathlib.Path.home "
            "pathlib.Path.joinpath pathlib.Path.readlink pathlib.Path.relative_to pathlib.Path.resolve "
            "pathlib.Path.with_name pathlib.Path.with_segments pathlib.Path.with_stem pathlib.Path.with_suffix"
        },
        elements={"pathlib.Path": "pathlib.Path.glob pathlib.Path.iterdir pathlib.Path.rglob"},
        aliases={"pathlib.Path": "pathlib.PosixPath pathlib.WindowsPath"},
    ),
    Group(
        "https://docs.python.org/3/library/shutil.html",
        calls={
            "shutil": "chown copy copy2 copyfile copyfileobj copymode copystat copytree disk_usage make_archive move "
            "rmtree unpack_archive which"
        },
    ),
    Group("https://docs.python.org/3/library/glob.html", calls={"glob": "glob"}),
    Group(
        "https://docs.python.org/3/library/tempfile.html",
        calls={"tempfile": "NamedTemporaryFile TemporaryDirectory TemporaryFile mkdtemp mkstemp"},
    ),
    Group(
        "https://docs.python.org/3/library/zipfile.html",
        calls={"zipfile": "ZipFile is_zipfile"},
        methods={"zipfile.ZipFile": "extract extractall read testzip write writestr"},
    ),
    Group(
        "https://docs.python.org/3/library/tarfile.html",
        calls={"tarfile": "TarFile is_tarfile open"},
        methods={"tarfile.TarFile": "add addfile extract extractall getmembers getnames"},
        makes={"tarfile.TarFile": "tarfile.open tarfile.TarFile.open"},
    ),
    Group("https://docs.python.org/3/library/gzip.html", calls={"gzip": "open", "bz2": "open", "lzma": "open"}),
    Group(
        "https://docs.python.org/3/library/socket.html",
        calls={
            "socket": "create_connection getaddrinfo getfqdn gethostbyaddr gethostbyname gethostbyname_ex getnameinfo"
        },
    ),
    Group(
        "https://docs.python.org/3/library/urllib.request.html",
        calls={"urllib.request": "urlopen urlretrieve"},
        methods={"urllib.request.OpenerDirector": "open"},
        makes={"urllib.request.OpenerDirector": "urllib.request.build_opener"},
    ),
    Group(
        "https://docs.python.org/3/library/http.client.html",
        methods={"http.client.HTTPConnection": "connect endheaders getresponse request send"},
        aliases={"http.client.HTTPConnection": "http.client.HTTPSConnection"},
    ),
    Group(
        "https://docs.python.org/3/library/smtplib.html",
        calls={"smtplib": "SMTP SMTP_SSL"},
        methods={"smtplib.SMTP": "connect ehlo helo login noop quit send_message sendmail starttls"},
        aliases={"smtplib.SMTP": "smtplib.SMTP_SSL"},
    ),
    Group(
        "https://docs.python.org/3/library/ftplib.html",
        calls={"ftplib": "FTP FTP_TLS"},
        methods={
            "ftplib.FTP": "connect cwd delete dir login mkd mlsd nlst pwd quit rename retrbinary retrlines rmd size "
            "storbinary storlines"
        },
        aliases={"ftplib.FTP": "ftplib.FTP_TLS"},
    ),
    Group(
        "https://docs.python.org/3/library/imaplib.html",
        calls={"imaplib": "IMAP4 IMAP4_SSL"},
        methods={"imaplib.IMAP4": "append copy expunge fetch list login logout search select store uid"},
        aliases={"imaplib.IMAP4": "imaplib.IMAP4_SSL"},
    ),
    Group("https://docs.python.org/3/library/threading.html", methods={"threading.Thread": "join"}),
    Group(
        "https://docs.python.org/3/library/sqlite3.html",
        calls={"sqlite3": "connect"},
        methods={
            "sqlite3.Connection": "backup commit execute executemany executescript rollback",
            "sqlite3.Cursor": "execute executemany executescript fetchall fetchmany fetchone",
        },
        makes={
            "sqlite3.Connection": "sqlite3.connect",
            "sqlite3.Cursor": "sqlite3.Connection.cursor sqlite3.Connection.execute sqlite3.Connection.executemany",
        },
    ),
    Group(
        "https://requests.readthedocs.io/en/latest/api/",
        calls={"requests": _HTTP, "requests.api": _HTTP},
        methods={"requests.Session": f"{_HTTP} send"},
        makes={"requests.Session": "requests.session requests.sessions.session"},
        aliases={"requests.Session": "requests.sessions.Session"},
    ),
    Group(
        "https://www.python-httpx.org/api/",
        calls={"httpx": f"{_HTTP} stream", "httpx2": f"{_HTTP} stream"},
        methods={"httpx.Client": _HTTP_CLIENT},
        aliases={"httpx.Client": "httpx2.Client"},
    ),
    Group(
        "https://urllib3.readthedocs.io/en/stable/reference/",
        calls={"urllib3": "request"},
        methods={"urllib3.PoolManager": "request request_encode_body request_encode_url urlopen"},
        makes={"urllib3.PoolManager": "urllib3.proxy_from_url"},
        aliases={
            "urllib3.PoolManager": "urllib3.ProxyManager urllib3.HTTPConnectionPool urllib3.HTTPSConnectionPool "
            "urllib3.poolmanager.PoolManager"
        },
    ),
    Group(
        "https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html",
        methods={"boto3.client": ANY},
        harmless={
            "boto3.client": "can_paginate close generate_presigned_post generate_presigned_url get_paginator get_waiter"
        },
        makes={"boto3.client": "boto3.session.Session.client", "boto3.session.Session": "boto3.Session"},
    ),
    Group(
        "https://www.psycopg.org/docs/",
        calls={"psycopg2": "connect"},
        methods={
            "psycopg2.extensions.connection": "commit rollback",
            "psycopg2.extensions.cursor": "callproc copy_expert copy_from copy_to execute executemany fetchall "
            "fetchmany fetchone",
        },
        makes={
            "psycopg2.extensions.connection": "psycopg2.connect",
            "psycopg2.extensions.cursor": "psycopg2.extensions.connection.cursor",
        },
    ),
    Group(
        "https://www.psycopg.org/psycopg3/docs/api/",
        calls={"psycopg": "connect", "psycopg.Connection": "connect"},
        methods={
            "psycopg.Connection": "commit execute rollback wait",
            "psycopg.Cursor": "execute executemany fetchall fetchmany fetchone",
        },
        makes={
            "psycopg.Connection": "psycopg.connect psycopg.Connection.connect",
            "psycopg.Cursor": "psycopg.Connection.cursor psycopg.Connection.execute",
        },
    ),
    Group(
        "https://peps.python.org/pep-0249/",
        calls={"pymysql": "connect", "MySQLdb": "connect", "mysql.connector": "connect", "pyodbc": "connect"},
        methods={
            "pymysql.connections.Connection": "commit ping query rollback",
            "pymysql.cursors.Cursor": "execute executemany fetchall fetchmany fetchone",
        },
        makes={
            "pymysql.connections.Connection": "pymysql.connect MySQLdb.connect mysql.connector.connect pyodbc.connect "
            "pymysql.Connection",
            "pymysql.cursors.Cursor": "pymysql.connections.Connection.cursor",
        },
    ),
    Group(
        "https://pymongo.readthedocs.io/en/stable/api/pymongo/collection.html",
        methods={
            "pymongo.MongoClient": "drop_database list_database_names server_info",
            "pymongo.database.Database": "command create_collection drop_collection list_collection_names",
            "pymongo.collection.Collection": "aggregate bulk_write count_documents create_index create_indexes "
            "delete_many delete_one distinct drop drop_index estimated_document_count find_one find_one_and_delete "
            "find_one_and_replace find_one_and_update insert_many insert_one replace_one update_many update_one",
        },
        makes={
            "pymongo.database.Database": "pymongo.MongoClient.get_database",
            "pymongo.collection.Collection": "pymongo.database.Database.get_collection",
        },
        aliases={"pymongo.MongoClient": "pymongo.mongo_client.MongoClient"},
        parts={
            "pymongo.database.Database": "pymongo.MongoClient",
            "pymongo.collection.Collection": "pymongo.database.Database",
        },
    ),
    Group(
        "https://redis.readthedocs.io/en/stable/commands.html",
        methods={"redis.Redis": ANY},
        harmless={
            "redis.Redis": "close from_pool from_url get_connection_kwargs get_encoder lock monitor pipeline pubsub "
            "register_script set_response_callback transaction"
        },
        makes={"redis.Redis": "redis.from_url redis.Redis.from_url"},
        aliases={"redis.Redis": "redis.StrictRedis redis.client.Redis redis.client.StrictRedis redis.RedisCluster"},
    ),
    Group(
        "https://docs.sqlalchemy.org/en/20/orm/session_api.html",
        methods={
            "sqlalchemy.orm.Session": "bulk_insert_mappings bulk_save_objects bulk_update_mappings commit connection "
            "exec execute flush get get_one merge refresh rollback scalar scalars",
            "sqlalchemy.orm.Query": "all first one one_or_none scalar",
            "sqlalchemy.Engine": "begin connect raw_connection",
            "sqlalchemy.Connection": "commit exec_driver_sql execute rollback scalar scalars",
        },
        makes={
            "sqlalchemy.orm.sessionmaker": "",
            "sqlalchemy.orm.Session": "sqlalchemy.orm.sessionmaker() sqlalchemy.orm.sessionmaker.begin "
            "sqlalchemy.orm.scoped_session()",
            "sqlalchemy.orm.Query": "sqlalchemy.orm.Session.query "
            "sqlalchemy.orm.Query.distinct sqlalchemy.orm.Query.filter sqlalchemy.orm.Query.filter_by "
            "sqlalchemy.orm.Query.group_by sqlalchemy.orm.Query.having sqlalchemy.orm.Query.join "
            "sqlalchemy.orm.Query.limit sqlalchemy.orm.Query.offset sqlalchemy.orm.Query.options "
            "sqlalchemy.orm.Query.order_by sqlalchemy.orm.Query.outerjoin sqlalchemy.orm.Query.select_from "
            "sqlalchemy.orm.Query.with_for_update",
            "sqlalchemy.Engine": "sqlalchemy.create_engine sqlmodel.create_engine sqlalchemy.engine.create_engine",
            "sqlalchemy.Connection": "sqlalchemy.Engine.begin sqlalchemy.Engine.connect",
        },
        aliases={
            "sqlalchemy.orm.Session": "sqlalchemy.orm.session.Session sqlmodel.Session sqlmodel.orm.session.Session",
            "sqlalchemy.orm.sessionmaker": "sqlalchemy.orm.session.sessionmaker",
            "sqlalchemy.Engine": "sqlalchemy.engine.Engine sqlalchemy.engine.base.Engine",
            "sqlalchemy.Connection": "sqlalchemy.engine.Connection sqlalchemy.engine.base.Connection",
        },
    ),
    Group(
        "https://docs.paramiko.org/en/stable/api/client.html",
        methods={
            "paramiko.SSHClient": "connect exec_command open_sftp",
            "paramiko.SFTPClient": "get getfo listdir listdir_attr mkdir open put putfo remove rename rmdir stat",
        },
        makes={"paramiko.SFTPClient": "paramiko.SSHClient.open_sftp paramiko.SFTPClient.from_transport"},
        aliases={"paramiko.SSHClient": "paramiko.client.SSHClient"},
    ),
    Group(
        "https://pillow.readthedocs.io/en/stable/reference/Image.html",
        calls={"PIL.Image": "open"},
        methods={"PIL.Image.Image": "convert resize rotate save thumbnail"},
        makes={"PIL.Image.Image": "PIL.Image.open PIL.Image.Image.convert PIL.Image.Image.resize"},
    ),
    Group(
        "https://pandas.pydata.org/docs/reference/io.html",
        calls={
            "pandas": "read_csv read_excel read_feather read_fwf read_hdf read_json read_orc read_parquet read_pickle "
            "read_sas read_spss read_sql read_sql_query read_sql_table read_stata read_table read_xml"
        },
    ),
    Group("https://github.com/pyca/bcrypt", calls={"bcrypt": "checkpw hashpw kdf"}),
    Group(
        "https://passlib.readthedocs.io/en/stable/lib/passlib.context.html",
        methods={"passlib.context.CryptContext": "encrypt hash verify verify_and_update"},
    ),
    Group(
        "https://argon2-cffi.readthedocs.io/en/stable/api.html",
        methods={"argon2.PasswordHasher": "hash verify"},
    ),
    Group(
        "https://frankie567.github.io/pwdlib/reference/pwdlib/",
        methods={"pwdlib.PasswordHash": "hash verify verify_and_update"},
        makes={"pwdlib.PasswordHash": "pwdlib.PasswordHash.recommended"},
    ),
    Group(
        "https://github.com/openai/openai-python#async-usage",
        methods={"openai.OpenAI": _MODEL_API},
        aliases={"openai.OpenAI": "openai.AzureOpenAI"},
        parts={"openai.OpenAI": "openai.OpenAI"},
    ),
    Group(
        "https://github.com/anthropics/anthropic-sdk-python#async-usage",
        methods={"anthropic.Anthropic": _MODEL_API},
        parts={"anthropic.Anthropic": "anthropic.Anthropic"},
    ),
)

BRIEF = frozenset(
    {"os.path.abspath", "os.path.expanduser", "os.path.relpath", "pathlib.Path.absolute", "pathlib.Path.expanduser"}
)
"""They ask the system, though hardly ever a disk, and ruff's ASYNC240 names them: found in an async function itself,
but a function that makes such a call does not block for it."""

CONNECTS_WITH_ARGUMENT = frozenset({"ftplib.FTP", "ftplib.FTP_TLS", "smtplib.SMTP", "smtplib.SMTP_SSL"})
"""Made without a host, these do nothing yet."""


def _by_call(tables: list[Mapping[str, str]]) -> dict[str, str]:
    return {call: cls for table in tables for cls, calls in table.items() for call in calls.split()}


CALLS = frozenset(f"{module}.{name}" for g in GROUPS for module, names in g.calls.items() for name in names.split())
"""Functions and constructors that block, by dotted name."""

METHODS = {cls: frozenset(names.split()) for g in GROUPS for cls, names in g.methods.items()}
HARMLESS = {cls: frozenset(names.split()) for g in GROUPS for cls, names in g.harmless.items()}
MAKES = _by_call([g.makes for g in GROUPS])
"""The class of what a call gives, by the call's dotted name."""
ELEMENTS = _by_call([g.elements for g in GROUPS])
ALIASES = _by_call([g.aliases for g in GROUPS])
"""The class that another name means."""
PARTS = _by_call([g.parts for g in GROUPS])
"""The class of an attribute or element of an object, by the object's class."""

CLASSES = frozenset({*METHODS, *MAKES.values(), *PARTS, *(c.removesuffix("()") for c in MAKES if c.endswith("()"))})
LIBRARIES = frozenset(name.partition(".")[0] for name in (*CALLS, *CLASSES, *MAKES, *ALIASES))
BUILTINS = frozenset(name.partition(".")[2] for name in CALLS if name.startswith("builtins."))


def class_of(name: str) -> str | None:
    """The class of these tables that a dotted name means."""
    name = ALIASES.get(name, name)
    return name if name in CLASSES else None


def made_by(call: str) -> str | None:
    """The class of what calling a dotted name gives."""
    return MAKES.get(normal(call)) or class_of(call)


def normal(name: str) -> str:
    """A dotted name with its class by the name that the tables use."""
    cls, _, member = name.rpartition(".")
    return f"{ALIASES[cls]}.{member}" if cls in ALIASES else name


def blocks(call: str) -> bool:
    """Whether calling a function, class or method of that dotted name blocks."""
    name = normal(call)
    if name in CALLS:
        return True
    cls, _, member = name.rpartition(".")
    methods = METHODS.get(cls)
    if methods is None:
        return False
    return member in methods or (ANY in methods and not member.startswith("_") and member not in HARMLESS[cls])


def methods_reachable(cls: str) -> frozenset[str]:
    """The names of all methods that block, of the class and of what can be got from its objects."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [cls]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        found |= METHODS.get(current, frozenset())
        own = (f"{current}.", f"{current}()")
        waiting += [made for call, made in MAKES.items() if call.startswith(own)]
        waiting += [PARTS[current]] if current in PARTS else []
    return frozenset(found)
