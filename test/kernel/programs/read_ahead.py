"""For each line that it is given, has 256 pages of a file read ahead, and uses the first 64 of them."""
import os
import sys

PAGE = 4096
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(fd, bytes(256 * PAGE))
os.fsync(fd)
print("ready", flush=True)
for _ in sys.stdin:
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.posix_fadvise(fd, 0, 256 * PAGE, os.POSIX_FADV_WILLNEED)
    for page in range(64):
        os.pread(fd, PAGE, page * PAGE)
    print("done", flush=True)
