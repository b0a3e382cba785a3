"""Codemods of dependencies and sessions on real applications: what they find, and whether the gate agrees with them.

    python scripts/real_apps.py --setup        once: downloads, and environments in which applications import
    python scripts/sessions_real_apps.py       [--only NAME] [--codemod NAME] [--output PAGE]

The page that is kept is docs/sessions-real-apps.md. How an application is examined is what
`smaller_codemods_real_apps.py` says. Most applications write their dependencies as defaults; so `depends-to-annotated`
runs in front of `annotated-dependency-alias`, and the gate looks at what both make of it.
"""

from __future__ import annotations

import sys
from types import MappingProxyType

from smaller_codemods_real_apps import About, main

ABOUT = About(
    "Dependencies and sessions on real applications",
    "sessions_real_apps.py",
    (
        "annotated-dependency-alias", "unused-dependency-to-decorator", "inline-session-to-dependency",
        "call-to-dependency", "dependency-leaks-parameters", "commit-after-yield", "yield-swallows-exception",
        "session-held-by-stream", "oversized-dependency", "duplicate-session-provider", "handler-rebinds-global",
        "depends-in-body",
    ),
    MappingProxyType({"annotated-dependency-alias": ("depends-to-annotated",)}),
)  # fmt: skip

if __name__ == "__main__":
    sys.exit(main(ABOUT, __doc__))
