"""W8's limit: the same work on the standard library's pools, without a workflow engine."""

import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from time import process_time, sleep


def wait(seconds: float) -> int:
    sleep(seconds)
    return 1


def burn(seconds: float) -> int:
    end = process_time() + seconds
    while process_time() < end:
        pass
    return 1


if __name__ == "__main__":
    what, n, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    if what == "sleeps":
        with ThreadPoolExecutor(20) as threads:
            done = sum(threads.map(wait, [seconds] * n))
    else:
        with ProcessPoolExecutor(2) as processes:
            done = sum(processes.map(burn, [seconds] * n))
    print("done", done)
