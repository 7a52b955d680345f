"""Says whether the LogCapy that is installed is the compiled one: every module of the list in pyproject.toml.

Usage: python tools/check_compiled.py
"""

import importlib
import re
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

SETTINGS = (Path(__file__).parent.parent / "pyproject.toml").read_text()

modules = [path.replace("/", ".") for path in re.findall(r'^    "src/(logcapy/.+)\.py",$', SETTINGS, re.MULTILINE)]
assert "logcapy.draft" in modules, modules
for name in modules:
    file = importlib.import_module(name).__file__
    assert file is not None, name
    assert file.endswith(tuple(EXTENSION_SUFFIXES)), f"{name} is not compiled: {file}"
    assert "site-packages" in file, file
print(f"{len(modules)} modules are compiled")
