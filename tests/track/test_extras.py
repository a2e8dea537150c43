"""Without the optional packages: what to install."""

import sys

import pytest

from ganbench.errors import InputError


@pytest.mark.parametrize("extra", ["keras", "lightning"])
def test_a_missing_package_names_its_extra(monkeypatch, extra):
    for name in [n for n in sys.modules if n.split(".")[0] == extra]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, f"ganbench.{extra}", raising=False)
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(InputError, match=rf"pip install 'ganbench\[{extra}\]'"):
        __import__(f"ganbench.{extra}")
