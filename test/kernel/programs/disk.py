# Uses a file on a disk in known ways: disk.py FOLDER [TURNS]
import mmap, os, sys
path = os.path.join(sys.argv[1], "disk-file")
page = 4096
f = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
os.write(f, b"x" * 64 * page)
os.fsync(f)
# What lies in the cache no more has to be read again; without readahead each page is asked for by itself.
os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)
os.posix_fadvise(f, 0, 0, os.POSIX_FADV_RANDOM)
for at in range(64): os.pread(f, page, at * page)
for turn in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3):
    for at in range(64): os.pread(f, page, at * page)
os.close(f)
# Around the cache: one request each.
f = os.open(path, os.O_RDWR | os.O_DIRECT)
buffer = mmap.mmap(-1, 16 * page)
for at in range(7): os.pwrite(f, buffer, at * 16 * page)
