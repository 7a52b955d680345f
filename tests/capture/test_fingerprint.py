"""Failures that are the same have one fingerprint."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from logcapy.capture.fingerprint import fingerprint


def failing(source: str, path: str, name: str = "shop.orders") -> Exception:
    """What ``fail()`` of a module with this source raises."""
    module = {"__name__": name}
    exec(compile(source, path, "exec"), module)
    try:
        module["fail"]()  # type: ignore[operator]
    except Exception as error:
        return error
    raise AssertionError


SOURCE = """
def fail():
    return charge()

def charge():
    raise KeyError("card")
"""


def test_lines_messages_and_the_place_of_files_do_not_count() -> None:
    here = fingerprint(failing(SOURCE, "/srv/a/shop/orders.py"))
    assert here == fingerprint(failing("\n\n# more\n" + SOURCE.replace("card", "cvc"), "C:\\b\\shop\\orders.py"))


@pytest.mark.parametrize(
    "source",
    [
        SOURCE.replace("KeyError", "ValueError"),
        SOURCE.replace("charge", "refund"),
        SOURCE.replace('raise KeyError("card")', 'raise KeyError("card") from ValueError()'),
        "def fail():\n    raise KeyError('card')\n",
    ],
)
def test_type_functions_and_causes_count(source: str) -> None:
    assert fingerprint(failing(source, "/srv/orders.py")) != fingerprint(failing(SOURCE, "/srv/orders.py"))


def test_frames_of_libraries_do_not_count_unless_there_are_only_such() -> None:
    plain = "import json\ndef fail():\n    json.loads('{')\n"
    error = failing(plain, "/srv/orders.py")
    inner = error.__traceback__
    while inner is not None and inner.tb_next is not None:
        inner = inner.tb_next
    assert inner is not None
    assert inner.tb_frame.f_code.co_filename.startswith(str(Path(json.__file__).parent))
    library = "def fail():\n    inner()\ndef inner():\n    raise KeyError\n"
    shifted = "def fail():\n    other()\ndef other():\n    raise KeyError\n"
    in_packages = "/srv/venv/lib/python3/site-packages/lib/__init__.py"
    through_one = without_test_frames(failing(library, in_packages, "lib"))
    through_other = without_test_frames(failing(shifted, in_packages, "lib"))
    assert fingerprint(failing(library, in_packages, "lib")) == fingerprint(failing(shifted, in_packages, "lib"))
    assert fingerprint(through_one) != fingerprint(through_other)


def without_test_frames(error: Exception) -> Exception:
    return error.with_traceback(error.__traceback__ and error.__traceback__.tb_next)


def test_the_main_module_has_the_name_of_its_file() -> None:
    as_program = failing(SOURCE, "/srv/a/orders.py", "__main__")
    assert fingerprint(as_program) == fingerprint(failing(SOURCE, "/srv/b/orders.py", "orders"))


def test_how_often_a_function_called_itself_does_not_count() -> None:
    recursive = "def fail(depth={}):\n    if not depth: raise KeyError\n    fail(depth - 1)\n"
    assert fingerprint(failing(recursive.format(3), "/a.py")) == fingerprint(failing(recursive.format(30), "/a.py"))


def test_of_functions_that_call_one_another_the_one_that_failed_counts() -> None:
    mutual = "def fail(depth={}):\n    if not depth: raise KeyError\n    other(depth - 1)\n"
    mutual += "def other(depth):\n    if not depth: raise KeyError\n    fail(depth - 1)\n"
    one, same, other = (fingerprint(failing(mutual.format(depth), "/a.py")) for depth in (4, 8, 5))
    assert one == same
    assert one != other


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")
def test_the_types_of_a_groups_leaves_count_and_their_order_does_not() -> None:
    group = "def fail():\n    raise ExceptionGroup('all', [{}])\n"
    one, same, other = (
        fingerprint(failing(group.format(leaves), "/a.py"))
        for leaves in ("KeyError(), ValueError(1)", "ValueError(2), KeyError(), KeyError()", "KeyError(), OSError()")
    )
    assert one == same
    assert one != other


def test_it_is_the_same_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SOURCE)
    program = (
        "import shop\nfrom logcapy.capture.fingerprint import fingerprint\n"
        "try:\n    shop.fail()\nexcept KeyError as error:\n    print(fingerprint(error))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert len(printed.pop().strip()) == 16
