"""Writes 16 MiB on node 1 and reads them from the processors of node 0, until the kernel has moved pages or 20 s are over; prints how many it has moved."""
import ctypes
import mmap
import time

SET_MEMPOLICY, DEFAULT, PREFERRED = 238, 0, 1
PAGE = 4096
SIZE = 16 << 20
libc = ctypes.CDLL(None, use_errno=True)


def write(path, value):
    with open(path, "w") as file:
        file.write(value)


def moved():
    with open("/proc/vmstat") as file:
        return int(dict(line.split() for line in file)["numa_pages_migrated"])


write("/proc/sys/kernel/numa_balancing", "1")
before = moved()
memory = mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_NOHUGEPAGE)
nodes = ctypes.c_ulong(1 << 1)
if libc.syscall(SET_MEMPOLICY, PREFERRED, ctypes.byref(nodes), 64) != 0:
    raise OSError(ctypes.get_errno(), "set_mempolicy")
for at in range(0, SIZE, PAGE):
    memory[at] = 1
libc.syscall(SET_MEMPOLICY, DEFAULT, None, 0)
end = time.monotonic() + 20
while time.monotonic() < end and moved() - before < 1000:
    for at in range(0, SIZE, PAGE):
        memory[at]
print("moved", moved() - before, flush=True)
