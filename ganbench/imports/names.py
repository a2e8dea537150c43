"""Names that strangers gave, as paths that stay below a folder and do not meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

LONGEST = 200  # bytes of one part of a path


def safe(name: str) -> PurePosixPath:
    """`name` as a relative path without `..`, drive or control characters; never empty."""
    parts = [part for part in map(_clean, re.split(r"[/\\]", name)) if part]
    return PurePosixPath(*(parts[-16:] or ["unnamed"]))


def basename(name: str) -> str:
    """The last part of a path of any system."""
    return re.split(r"[/\\]", name)[-1] or "unnamed"


def inside(folder: Path, name: str) -> Path | None:
    """The existing file `name` below `folder`; None if there is none or it leads elsewhere."""
    try:
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            return path
    except (OSError, ValueError):  # a name that no file can have
        pass
    return None


class Names:
    """Gives each file a path that no other has."""

    def __init__(self) -> None:
        self._files: set[PurePosixPath] = set()
        self._folders: set[PurePosixPath] = set()
        self._asked: dict[PurePosixPath, int] = {}

    def fresh(self, name: str) -> PurePosixPath:
        """A path for `name`: itself, made safe, or with a number where that is taken."""
        wanted = safe(name)
        if self._files.intersection(wanted.parents):  # a file is in the way of the folder
            wanted = safe("_".join(wanted.parts))
        for path in self._candidates(wanted):
            if path not in self._files and path not in self._folders:
                break
        self._files.add(path)
        self._folders.update(path.parents)
        return path

    def _candidates(self, wanted: PurePosixPath) -> Iterator[PurePosixPath]:
        while True:
            n = self._asked[wanted] = self._asked.get(wanted, 0) + 1
            yield wanted if n == 1 else wanted.with_name(f"{wanted.stem} ({n}){wanted.suffix}")


def _clean(part: str) -> str:
    part = re.sub(r"[\x00-\x1f\x7f]", "_", part).strip()
    if part in (".", "..") or re.fullmatch(r"[A-Za-z]:", part):
        return ""
    content = part.encode(errors="replace")
    if len(content) > LONGEST:
        suffix = PurePosixPath(part).suffix.encode(errors="replace")[-20:]
        content = content[: LONGEST - len(suffix)] + suffix
    return content.decode(errors="ignore")
