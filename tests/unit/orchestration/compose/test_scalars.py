# SPDX-License-Identifier: Apache-2.0
"""Plain scalars are what Docker Compose reads. The table was made with Docker Compose 2.40.3: `environment: {A: …}`."""

import pytest

from orca.orchestration.compose.scalars import TooLong, resolve, shown

READ = """
yes yes | on on | y y | n n | No No | OFF OFF | tRue tRue | true true | True true | TRUE true | false false
12:30:45 12:30:45 | 1:30 1:30 | 22:22 22:22 | = = | << << | 1:2 1:2 | -. -. | . . | .e1 .e1
0x1F 31 | 0X1F 31 | 0x_1F 31 | -0x1F -31 | +0x1F 31 | 0o17 15 | 0O17 15 | 017 15 | -0o17 -15 | 007 7 | 00 0 | 0b101 5
09 9 | 08 8 | 0x 0x | 0o 0o | 0o8 0o8 | 1e 1e | 1_000 1000 | 1__0 10 | 1_ 1 | _1 _1 | 0 0 | -1 -1 | +5 5 | -0 0
1.0 1 | 1. 1 | 1e3 1000 | 1E3 1000 | 1e+3 1000 | 1.50 1.5 | .5 0.5 | -.5 -0.5 | +.5 0.5 | -0.0 -0 | 0.1_1 0.11
.inf +Inf | -.inf -Inf | +.inf +Inf | .Inf +Inf | .nan NaN | .NaN NaN | 1e400 1e400
12345678901234567890 12345678901234567890 | 123456789012345678901234567890 1.2345678901234568e+29
100000000000000000000000.5 1.0000000000000001e+23 | 1234567.0 1.234567e+06 | 12345678.9 1.23456789e+07
0.00001 1e-05 | 0.0001 0.0001 | 1e21 1e+21 | 1e20 1e+20 | 1e-7 1e-07 | 123456789.123456789 1.2345678912345679e+08
"""


@pytest.mark.parametrize("written", [case.strip() for case in READ.replace("\n", "|").split("|") if case.strip()])
def test_a_plain_scalar_is_what_compose_reads(written: str):
    text, expected = written.split()
    value = resolve(text, 40)
    assert (value if isinstance(value, str) else shown(value)) == expected


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_nothing(text: str):
    assert resolve(text, 40) is None


@pytest.mark.parametrize("text", ["2024-01-01", "2001-12-14t21:59:43.10-05:00", "1.2.3", "10.0.0.1", "+", "-", "1e3m"])
def test_dates_and_versions_are_text(text: str):
    assert resolve(text, 40) == text


def test_a_number_has_as_many_digits_as_are_allowed():
    assert resolve("1" * 40, 40) == 1.1111111111111112e39
    with pytest.raises(TooLong):
        resolve("1" * 41, 40)
    assert resolve("1" * 40 + "x", 40) == "1" * 40 + "x"
