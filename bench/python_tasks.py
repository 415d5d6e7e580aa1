"""Tasks for the benchmarks: python_tasks.py sleeps|tasks asyncio|uvloop COUNT. Writes the seconds that the processor took."""
import asyncio
import sys
import time

kind, loop, count = sys.argv[1], sys.argv[2], int(sys.argv[3])


async def nothing():
    pass


async def sleeps():
    await asyncio.gather(*(asyncio.sleep(i * 7919 % 10_000 / 1e6) for i in range(count)))


async def tasks():
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(nothing())


async def main():
    before = time.process_time()
    await {"sleeps": sleeps, "tasks": tasks}[kind]()
    print(time.process_time() - before)


if loop == "uvloop":
    import uvloop
    uvloop.install()
asyncio.run(main())
