"""``logcapy.context``."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from logcapy.process.context import bind, clear, context, current, unbind, values_behind
from logcapy.process.request import AsgiRequest


@pytest.fixture(autouse=True)
def nothing_bound() -> Iterator[None]:
    clear()
    yield
    clear()


def test_values_hold_within_the_block_and_hidden_ones_come_back() -> None:
    with context(order_id=7, user="a"):
        with context(order_id=8):
            assert dict(current()) == {"order_id": 8, "user": "a"}
        assert dict(current()) == {"order_id": 7, "user": "a"}
    assert dict(current()) == {}


def test_values_go_when_the_block_ends_by_an_exception_which_passes() -> None:
    with pytest.raises(KeyError), context(order_id=7):
        raise KeyError
    assert dict(current()) == {}


def test_a_block_takes_back_what_it_bound_and_nothing_else() -> None:
    with context(order_id=7):
        context.bind(user="a", order_id=8)
        assert dict(current()) == {"user": "a", "order_id": 8}
    assert dict(current()) == {"user": "a"}


def test_one_can_bind_unbind_and_clear_without_a_block() -> None:
    context.bind(order_id=7, user="a", **{"order.id": 7})
    assert dict(context.current()) == {"order_id": 7, "user": "a", "order.id": 7}
    context.unbind("user", "no such name")
    assert dict(current()) == {"order_id": 7, "order.id": 7}
    context.clear()
    assert dict(current()) == {}


def test_what_is_current_is_read_only_and_stays_as_it_was() -> None:
    bind(order_id=7)
    seen = current()
    with pytest.raises(TypeError):
        seen["order_id"] = 8  # type: ignore[index]
    bind(order_id=8)
    assert dict(seen) == {"order_id": 7}


def test_the_names_of_parameters_are_free_for_values() -> None:
    with context(self=1, values=2, names=3):
        assert dict(current()) == {"self": 1, "values": 2, "names": 3}


def test_later_changes_of_a_value_are_not_seen() -> None:
    basket: list[Any] = ["apple", {"pear": [1]}]
    bind(basket=basket)
    basket[1]["pear"].append(2)
    basket.append("plum")
    assert current()["basket"] == ("apple", {"pear": (1,)})


def test_an_object_becomes_its_text_whatever_its_str_does_and_a_cycle_ends() -> None:
    class Hostile:
        def __str__(self) -> str:
            raise RuntimeError

    class Friendly:
        def __str__(self) -> str:
            return "friend"

    cycle: list[Any] = []
    cycle.append(cycle)
    bind(hostile=Hostile(), friendly=Friendly(), cycle=cycle, **{"": 1})
    assert current()["hostile"] == "<str() of Hostile failed with RuntimeError>"
    assert current()["friendly"] == "friend"
    assert "" not in current()


def test_a_thread_keeps_what_it_binds_to_itself() -> None:
    seen: dict[int, dict[str, Any]] = {}
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        clear()  # since 3.14 a thread may begin with its starter's values
        with context(number=number):
            bind(**{f"own.{number}": number})
            barrier.wait(10)
            seen[number] = dict(current())
            barrier.wait(10)

    with context(outer=True):
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert dict(current()) == {"outer": True}
    assert seen == {n: {"number": n, f"own.{n}": n} for n in range(8)}


def test_a_task_begins_with_its_starters_values_and_keeps_what_it_binds_to_itself() -> None:
    async def work(number: int) -> dict[str, Any]:
        with context(number=number):
            await asyncio.sleep(0.001 * (number % 3))
            bind(**{f"own.{number}": number})
            await asyncio.sleep(0.001)
            return dict(await asyncio.to_thread(current))

    async def main() -> list[dict[str, Any]]:
        with context(outer=True):
            found = await asyncio.gather(*(work(number) for number in range(50)))
            assert dict(current()) == {"outer": True}
        return found

    found = asyncio.run(main())
    assert found == [{"outer": True, "number": n, f"own.{n}": n} for n in range(50)]


def test_a_function_and_a_coroutine_function_can_be_decorated_and_called_within_themselves() -> None:
    @context(job="nightly")
    def work(depth: int = 0) -> dict[str, Any]:
        return work(depth + 1) if depth < 2 else dict(current())

    @context(job="hourly")
    async def later() -> dict[str, Any]:
        await asyncio.sleep(0)
        return dict(current())

    assert work() == {"job": "nightly"}
    assert work.__name__ == "work"
    assert asyncio.iscoroutinefunction(later)
    assert asyncio.run(later()) == {"job": "hourly"}
    assert dict(current()) == {}


def test_a_generator_cannot_be_decorated_because_its_body_runs_after_the_call() -> None:
    def generate() -> Iterator[int]:
        yield 1

    async def generate_later() -> AsyncIterator[int]:
        yield 1

    for function in (generate, generate_later):
        with pytest.raises(TypeError, match=f"generator .*{function.__name__}"):
            context(job="nightly")(function)


def test_a_block_may_end_in_another_context_than_it_began_in() -> None:
    def generate() -> Iterator[None]:
        with context(order_id=7):
            yield

    generator = generate()
    contextvars.copy_context().run(next, generator)
    generator.close()
    assert dict(current()) == {}


def test_unbind_is_also_a_function_of_its_own() -> None:
    bind(order_id=7)
    unbind("order_id")
    assert dict(current()) == {}


def test_an_exception_remembers_what_was_bound_where_it_left_the_innermost_block_of_its_request() -> None:
    request, error = AsgiRequest({}), KeyError()

    def fail() -> None:
        with context(order_id=7):
            bind(user="a")
            with context(order_id=8):
                raise error

    with request, pytest.raises(KeyError):
        fail()
    assert values_behind(error, request) == {"order_id": 8, "user": "a"}
    assert values_behind(KeyError(), request) == {}


def test_one_instance_that_is_raised_in_two_requests_has_the_values_of_each_in_that_one_only() -> None:
    first, second, error = AsgiRequest({}), AsgiRequest({}), KeyError()
    for request, number in ((first, 1), (second, 2)):
        assert values_behind(error, request) == {}
        with request, pytest.raises(KeyError), context(number=number):
            raise error
        assert values_behind(error, request) == {"number": number}
    assert values_behind(error, first) == {}
