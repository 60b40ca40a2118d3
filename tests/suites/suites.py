"""The suites of others that are run here: which, and what each needs.

Every one is a source distribution on PyPI that holds its tests, pinned by version and by the hash of its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite of somebody else's.

    Attributes:
        name: of the project on PyPI.
        version: of its source distribution.
        sha256: of its source distribution.
        requirements: what its tests import beside it and pytest.
        arguments: what pytest is given beside what every suite is given.
        quick: whether the default test run has it.
        quick_parallel: whether the default test run has it with pytest-xdist too.
        parallel: whether pytest-xdist can run it: not where node ids hold the time at which they were made.
        python: the oldest Python that its version is for.
    """

    name: str
    version: str
    sha256: str
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    quick: bool = False
    quick_parallel: bool = False
    parallel: bool = True
    python: tuple[int, int] = (3, 10)


# What every suite is run with. The recorder needs no more of pytest-debugloop's dependencies than these.
COMMON_REQUIREMENTS = ("pytest>=9.0", "pytest-xdist>=3.6", "psycopg[binary]>=3.2")

SUITES = (
    Suite(
        "itsdangerous",
        "2.2.0",
        "e0050c0b7da1eea53ffaf149c0cfbb5c6e2e2b69c4bef22c81fa6eb73e5f6173",
        requirements=("freezegun>=1.5",),
        quick=True,
    ),
    Suite(
        "pluggy",
        "1.7.0",
        "d1eaa46ebb595891b860ab086b4d09c8588af65ebd4361b8e8f4bb8920b90ba8",
        quick=True,
        quick_parallel=True,
    ),
    Suite(
        "cachetools",
        "8.0.1",
        "deb1d376d4d28c2f33f3e3058043b005e0af75c35c094bd54053e27d2906ad95",
        quick=True,
        python=(3, 11),
    ),
    Suite(
        "click",
        "8.5.1",
        "9bbfada76703fd1d784b83eea012e3e8c6a001a876543ef104fa56aaaeb072b4",
    ),
    Suite(
        "marshmallow",
        "4.4.0",
        "9e6ffa8511012ca89732324c1c253efd7b4d35632dcbdf80aa793fe01804af3e",
        requirements=("simplejson>=3.19",),
        parallel=False,
        python=(3, 11),
    ),
    Suite(
        "jinja2",
        "3.1.6",
        "0137fb05990d35f1275a587e9aee6d56da821fc83491a0fb838183be43f66d6d",
        requirements=("trio>=0.25",),
    ),
    Suite(
        "tenacity",
        "9.2.1",
        "a606b5c808d0cded4a359d5b9932d867ff2a6a6b64d37350260fd01bbdf83839",
        requirements=("tornado>=6.0", "trio>=0.25"),
    ),
    # Freezes every clock.
    Suite("freezegun", "1.5.5", "ac7742a6cc6c25a2c35e9292dfd554b897b517d2dec26891a2e8debf205cb94a", quick=True),
    Suite(
        "attrs",
        "26.1.0",
        "d03ceb89cb322a8fd706d4fb91940737b6642aa36998fe130a9bc96c985eff32",
        requirements=("cloudpickle>=3", "hypothesis>=6.100", "pympler>=1.1"),
    ),
    # Over twenty thousand subtests.
    Suite(
        "more-itertools",
        "11.2.1",
        "cbf08fd0af284dc69718b9b76a8e6203df624d70209ea511e4219d350c856f63",
        python=(3, 11),
    ),
    # Has failures; and deprecations of the interpreter, which its own settings turn into more of them.
    Suite(
        "python-dateutil",
        "4.0.0",
        "d7295ff14fdc0f92f662100bfb6c551d160ca090f2939f1ec5b9794265c03f06",
        requirements=("attrs>=24", "freezegun>=1.5", "hypothesis>=6.100"),
        arguments=("-o", "filterwarnings=", "-W", "ignore"),
        python=(3, 11),
    ),
)
