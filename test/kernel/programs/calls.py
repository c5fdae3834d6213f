# Makes known calls of stat, sync, mount and shm: calls.py THERE MISSING MOUNT_POINT
import ctypes, mmap, os, sys
there, missing, point = sys.argv[1:]
libc = ctypes.CDLL(None)

os.stat(there)
os.lstat(there)
try: os.stat(missing)
except OSError: pass
os.fstat(0)

f = os.open(there, os.O_RDWR)
os.ftruncate(f, 4096)
os.fsync(f)
os.fdatasync(f)
m = mmap.mmap(f, 4096)
m[0] = 1
m.flush()

# A mount of the machine is made in a namespace of its own alone.
if os.readlink("/proc/self/ns/mnt") != os.readlink(f"/proc/{os.getppid()}/ns/mnt"):
    libc.mount(b'quo"te', point.encode(), b"tmpfs", 2 | 4, b"size=4096")
    libc.umount2(point.encode(), 2)
    libc.umount2(point.encode(), 0)

libc.shmat.restype = ctypes.c_void_p
i = libc.shmget(0, 4096, 0o1600)
libc.shmdt(ctypes.c_void_p(libc.shmat(i, None, 0o10000)))
libc.shmctl(i, 0, None)
