"""What can go wrong that a person can act on.

    CodemodsError
    ├── ConfigurationError     an unknown option, codemod or key; a value that cannot be read
    ├── PathError              a path that does not exist or lies outside the project
    ├── ConflictError          two findings want the same text
    ├── DeadProcessError       a process of ours was killed, or ran out of memory
    ├── VerificationError      the gate cannot be run: no application, no interpreter, no such revision
    ├── BrokenResultError      a rewrite gave text that Python cannot parse: a bug of ours, nothing was written
    └── ApplyError             nothing was written, or everything was put back
        ├── StalePlanError     a file changed after it was read
        ├── DirtyWorkTreeError git has uncommitted changes
        ├── BusyError          another run holds the lock
        └── UndoError          a file changed since the run that is to be undone

Each message says in one line what, where, and what to do next. Anything that is not a
`CodemodsError` is a bug and keeps its traceback.
"""


class CodemodsError(Exception):
    """Base of every error that ends a command with one line and exit code 2."""


class ConfigurationError(CodemodsError):
    pass


class PathError(CodemodsError):
    pass


class ConflictError(CodemodsError):
    pass


class DeadProcessError(CodemodsError):
    pass


class BrokenResultError(CodemodsError):
    pass


class ApplyError(CodemodsError):
    pass


class StalePlanError(ApplyError):
    pass


class DirtyWorkTreeError(ApplyError):
    pass


class BusyError(ApplyError):
    pass


class UndoError(ApplyError):
    pass


class VerificationError(CodemodsError):
    pass
