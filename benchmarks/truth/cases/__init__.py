"""All made causes."""

from benchmarks.truth.cases import chance, code, files, strange, surroundings, wider
from benchmarks.truth.cases.case import Case

CASES: list[Case] = [*chance.CASES, *surroundings.CASES, *files.CASES, *code.CASES, *strange.CASES, *wider.CASES]
