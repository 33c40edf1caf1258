import logging

from rongshan.logs import NoDataFormatter

PERSON = "张三 990000197906120027 13800000000"


def logged(error: BaseException) -> str:
    try:
        raise error
    except BaseException as caught:
        record = logging.LogRecord(
            "name", logging.ERROR, __file__, 1, "failed", None, (type(caught), caught, caught.__traceback__)
        )
    return NoDataFormatter("%(levelname)s %(message)s").format(record)


def test_a_failure_is_logged_with_its_place_and_type_and_without_the_data_it_quotes() -> None:
    text = logged(ValueError(PERSON))
    assert text.startswith("ERROR failed\n")
    assert "test_logs.py:" in text
    assert "builtins.ValueError" in text
    assert not any(word in text for word in PERSON.split())


def test_the_failure_behind_a_failure_is_logged_the_same_way() -> None:
    behind = KeyError(PERSON)
    error = RuntimeError(PERSON)
    error.__cause__ = behind
    text = logged(error)
    assert text.index("builtins.RuntimeError") < text.index("caused by:") < text.index("builtins.KeyError")
    assert not any(word in text for word in PERSON.split())


def test_failures_that_name_each_other_are_logged_once() -> None:
    one, two = RuntimeError(), KeyError()
    one.__cause__, two.__cause__ = two, one
    assert logged(one).count("builtins.KeyError") == 1
