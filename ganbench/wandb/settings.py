"""`config` and `summary`: mappings that are also attributes, and tell the run what is set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from ganbench.track.quiet import quiet
from ganbench.track.values import plain

Tell = Callable[[dict[str, Any]], None]


class Settings(MutableMapping[str, Any]):
    """`settings.lr = 1`, `settings["lr"] = 1` and `settings.update({"lr": 1})` are one."""

    _values: dict[str, Any]
    _tell: Tell

    def __init__(self, tell: Tell, values: Mapping[str, Any] | None = None) -> None:
        vars(self).update(_values=dict(values or {}), _tell=tell)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    @quiet
    def __setitem__(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._tell({str(name): plain(value)})

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            raise AttributeError(f"{name} is not set; there are {', '.join(self._values)}")
        return self._values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __repr__(self) -> str:
        return repr(self._values)

    @quiet
    def update(  # type: ignore[override]
        self, d: Any = None, allow_val_change: bool | None = None, **more: Any
    ) -> None:
        """Sets several, from a mapping or an argparse namespace."""
        given = {**as_mapping(d), **more}
        self._values.update(given)
        self._tell(plain(given))

    def setdefaults(self, d: Any) -> None:
        """Sets those that are not set."""
        self.update({key: item for key, item in as_mapping(d).items() if key not in self._values})

    def as_dict(self) -> dict[str, Any]:
        """A copy."""
        return dict(self._values)

    def note(self, values: Mapping[str, Any]) -> None:
        """Takes values that the run knows already."""
        self._values.update(values)


def as_mapping(given: Any) -> dict[str, Any]:
    """A mapping, a namespace, or None as a dict."""
    if given is None:
        return {}
    return dict(given) if isinstance(given, Mapping) else dict(vars(given))
