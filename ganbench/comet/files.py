"""Files: assets, tables, models, code, HTML. All are kept in the run folder."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import IO, Any

import orjson

from ganbench.comet.core import Answer, Core, content, file_called
from ganbench.track import sheets
from ganbench.track.values import plain


class Files(Core):
    """The methods that keep something as a file, and say under which name."""

    def log_asset(
        self,
        file_data: str | Path | IO[Any],
        file_name: str | None = None,
        overwrite: bool = False,
        copy_to_tmp: bool = True,
        step: int | None = None,
        metadata: Any = None,
    ) -> Answer | None:
        """A copy of a file, or of what an open file holds."""
        return self._keep(
            content(file_data), file_name or file_called(file_data, "asset"), overwrite
        )

    def log_asset_data(
        self,
        data: Any,
        name: str | None = None,
        overwrite: bool = False,
        step: int | None = None,
        metadata: Any = None,
        file_name: str | None = None,
        epoch: int | None = None,
    ) -> Answer | None:
        """Text or bytes as they are, other things as JSON."""
        if isinstance(data, str):
            data = data.encode()
        if not isinstance(data, bytes):
            data = orjson.dumps(plain(data), option=orjson.OPT_INDENT_2)
        return self._keep(data, name or file_name or "data", overwrite)

    def log_asset_folder(
        self,
        folder: str,
        step: int | None = None,
        log_file_name: bool | None = None,
        recursive: bool = False,
        metadata: Any = None,
    ) -> list[tuple[str, Answer | None]] | None:
        """Copies of all files in a folder; `recursive` with those below."""
        return self._keep_folder(Path(folder), "", recursive)

    def log_table(
        self,
        filename: str,
        tabular_data: Any = None,
        headers: Sequence[str] | bool = False,
        **format_kwargs: Any,
    ) -> Answer | None:
        """A table as .csv, .tsv or .json; without data, the file of that name."""
        if tabular_data is None:
            return self._keep(Path(filename), Path(filename).name)
        table = sheets.table(tabular_data, headers)
        return self._keep(sheets.write(filename, *table), filename)

    def log_model(
        self,
        name: str,
        file_or_folder: str | Path | IO[Any],
        file_name: str | None = None,
        overwrite: bool = False,
        metadata: Any = None,
        copy_to_tmp: bool = True,
        prepend_folder_name: bool = True,
    ) -> Answer | None:
        """A model's file, or folder, below models/."""
        if isinstance(file_or_folder, (str, Path)) and Path(file_or_folder).is_dir():
            folder = Path(file_or_folder)
            self._keep_folder(folder, f"models/{name}/", True, prepend_folder_name, overwrite)
            return {"web": self.url, "api": None, "assetId": f"models/{name}"}
        stem = file_name or file_called(file_or_folder, "model")
        return self._keep(content(file_or_folder), f"models/{name}/{stem}", overwrite)

    def log_code(
        self,
        file_name: str | None = None,
        folder: str | None = None,
        code: str | IO[str] | None = None,
        code_name: str | None = None,
        overwrite: bool = False,
        metadata: Any = None,
    ) -> list[tuple[str, Answer | None]] | None:
        """Source code below code/: a file, a folder's, a text; without any, the script's own."""
        if folder is not None:
            return self._keep_folder(Path(folder), "code/", True, overwrite=overwrite)
        if code is not None:
            name, held = code_name or "code.py", code if isinstance(code, str) else code.read()
            return [(name, self._keep(held.encode(), f"code/{name}", overwrite))]
        path = Path(file_name or getattr(sys.modules.get("__main__"), "__file__", None) or "")
        if not path.is_file():  # a notebook, or python -c
            return None
        return [(str(path), self._keep(path, f"code/{path.name}", overwrite))]

    def set_code(
        self, code: str | None = None, overwrite: bool = False, filename: str | None = None
    ) -> None:
        """The script's source code."""
        self.log_code(filename, code=code, overwrite=overwrite)

    def log_html(self, html: str, clear: bool = False) -> None:
        """Adds to the experiment's page.html, or begins it anew."""
        self._html = html if clear else getattr(self, "_html", "") + html
        self._keep(self._html.encode(), "page.html", overwrite=True)

    def log_html_url(self, url: str, text: str | None = None, label: str | None = None) -> None:
        """Adds a link to page.html."""
        link = f'<a href="{escape(url)}">{escape(text or url)}</a>'
        self.log_html(f"<p>{escape(label) + ': ' if label else ''}{link}</p>\n")

    def set_model_graph(self, graph: Any, overwrite: bool = False) -> None:
        """What the model looks like: JSON if it can say so, else its text."""
        told = graph.to_json() if hasattr(graph, "to_json") else str(graph)
        suffix = "json" if told.lstrip().startswith("{") else "txt"
        self._keep(told.encode(), f"model-graph.{suffix}", overwrite)

    def _keep_folder(
        self,
        folder: Path,
        below: str,
        recursive: bool,
        with_name: bool = True,
        overwrite: bool = False,
    ) -> list[tuple[str, Answer | None]]:
        found = sorted(path for path in folder.glob("**/*" if recursive else "*") if path.is_file())
        start = f"{below}{folder.resolve().name}/" if with_name else below
        return [
            (str(path), self._keep(path, start + str(path.relative_to(folder)), overwrite))
            for path in found
        ]
