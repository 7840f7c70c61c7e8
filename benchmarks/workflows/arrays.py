"""W9: a large array through five tasks."""

import numpy as np

from headwater import task

headwater_namespace = "bench"


@task
def make(megabytes: int) -> np.ndarray:
    return np.arange(megabytes * 1_000_000 // 8, dtype=np.float64)


@task
def shift(array: np.ndarray, by: int) -> np.ndarray:
    return array + by


@task
def last(array: np.ndarray) -> float:
    return float(array[-1])


@task
def main(megabytes: int = 1) -> float:
    array = make(megabytes)
    for by in (1, 2, 3):
        array = shift(array, by)
    return last(array)
