"""What importing the modules of a project and calling its factories registers, found out without running anything.

Statements are evaluated in the order in which Python would execute them: modules when they are first imported,
functions when they are called, both branches of an `if` that cannot be decided, the body of a loop for each element
of a list that is known and once for one that is not. Of everything else than routers, dependencies, strings, lists and
callables the value is `UNKNOWN`.

    app.include_router(make_router(settings))      `make_router` is evaluated with its argument
    for router in (users, items): ...              is evaluated twice
    if settings.debug: app.include_router(debug)   is evaluated, and marked as conditional
"""

from .driver import Evaluation
from .limits import LAZY_INCLUDES_SINCE
from .operators import status_of

__all__ = ["LAZY_INCLUDES_SINCE", "Evaluation", "status_of"]
