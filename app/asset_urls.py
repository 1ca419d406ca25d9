"""Files of a build have addresses of their own, so that a browser keeps them and asks for none of them again.

A page has some hundred of them, and modules import each other by relative addresses: the build in the folder's place
(`/assets/@0.1.0+5a1c9e77/core/model.mjs`) names it for all. `/assets/core/model.mjs` is the same file, asked for anew
each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from dash import Dash

FOLDER = "/assets/"
KEPT = "qtrade.asset_of_this_build"  # of the WSGI environment
FOR_EVER = "private, max-age=31536000, immutable"


def name_builds(app: Dash, build_id: str) -> None:
    """Let the pages of `app` ask for the files of this build, and answer them."""
    plain: Callable[..., str] = app.interpolate_index
    app.interpolate_index = lambda **parts: of_build(plain(**parts), build_id)  # type: ignore[method-assign]
    app.server.wsgi_app = BuildFolder(app.server.wsgi_app, build_id)


def of_build(html: str, build_id: str) -> str:
    """The page with each of its own files under the name of the build."""
    return html.replace(f'"{FOLDER}', f'"{FOLDER}@{quote(build_id, safe="+")}/')


class BuildFolder:
    """WSGI: takes the build out of an address of `/assets/`; only those of this build may be kept."""

    def __init__(self, inner: Callable[..., Iterable[bytes]], build_id: str) -> None:
        self._inner = inner
        self._build_id = build_id

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(f"{FOLDER}@"):
            build, _, name = path[len(FOLDER) + 1 :].partition("/")
            environ["PATH_INFO"] = FOLDER + name
            environ[KEPT] = build == self._build_id
        return self._inner(environ, start_response)
