#!/usr/bin/python3
"""What bench/process_bench measures, by Python's ProcessPoolExecutor (started by fork): seconds and rates, best of several.

    bench/process_bench.py
"""
import concurrent.futures as futures
import multiprocessing
import time

FORK = multiprocessing.get_context("fork")
JOBS = 20_000
ITEMS = 200_000
LARGE = b"x" * (64 << 20)


def same(x):
    return x


def size(x):
    return len(x)


def best(work, times=3):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def submit_all(pool):
    submitted = [pool.submit(same, i) for i in range(JOBS)]
    assert [f.result() for f in submitted] == list(range(JOBS))


def start_up(workers):
    with futures.ProcessPoolExecutor(workers, FORK) as pool:
        for f in [pool.submit(same, i) for i in range(workers)]:
            f.result()


def main():
    with futures.ProcessPoolExecutor(2, FORK) as pool:
        pool.submit(same, 0).result()
        print(f"round_trip             {best(lambda: [pool.submit(same, i).result() for i in range(1000)]) * 1000:9.1f} us")
        print(f"submit_all/2           {JOBS / best(lambda: submit_all(pool)) / 1e3:9.1f} k/s")
        for chunk in (1, 10, 100, 1000, 10000):
            items = 20_000 if chunk == 1 else ITEMS
            rate = items / best(lambda: sum(pool.map(same, range(items), chunksize=chunk)))
            print(f"map_million/{chunk:<10} {rate / 1e6:9.3f} M/s")
        rate = len(LARGE) / best(lambda: pool.submit(size, LARGE).result())
        print(f"large_argument         {rate / 2**20:9.1f} MiB/s")
    for workers in (2, 4):
        print(f"start_up/{workers}             {best(lambda: start_up(workers), 10) * 1e3:9.2f} ms")


if __name__ == "__main__":
    main()
