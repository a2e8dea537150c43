"""What the commands that use a generator share: classes by name, and files written whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ganbench.errors import StoreError

if TYPE_CHECKING:
    from ganbench.generator import Generator


def asked(generator: Generator, label: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that --label asks for, where "all" is each of a generator's."""
    if label == ("all",) and generator.classes and "all" not in generator.classes:
        return generator.classes
    return label


def turns(classes: tuple[str, ...], n: int, each: int = 1) -> list[str] | None:
    """n labels: `each` times the first class, then the second, and so on; None of no classes."""
    return [classes[i // each % len(classes)] for i in range(n)] if classes else None


@contextmanager
def writing(out: Path) -> Iterator[IO[bytes]]:
    """A file that becomes `out` at the end. Raises StoreError if it cannot be written."""
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w+b") as file:
            yield file
        part.replace(out)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
