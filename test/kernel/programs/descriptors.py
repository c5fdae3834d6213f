# Passes descriptors over a Unix socket: a file (named as the argument) and a pipe in one message, and a socket behind credentials; then one to nobody, which fails.
import os, socket, struct, sys

here, there = socket.socketpair()
file = os.open(sys.argv[1], os.O_RDONLY)
pipe = os.pipe()[0]
rights = lambda *fds: (socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack(f"{len(fds)}i", *fds))
here.sendmsg([b"x"], [rights(file, pipe)])
_, control, _, _ = there.recvmsg(1, 4096)
got = struct.unpack("2i", control[0][2])
own = (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("3i", os.getpid(), os.getuid(), os.getgid()))
here.sendmsg([b"y"], [own, rights(there.fileno())])
there.recv(1)
try:
    here.sendmsg([b"z"], [rights(987)])
except OSError:
    pass
print(here.fileno(), there.fileno(), file, pipe, *got, os.fstat(here.fileno()).st_ino, os.fstat(pipe).st_ino, os.fstat(there.fileno()).st_ino)
if len(sys.argv) > 2:
    here.sendmsg([b"w"], [rights(*[os.dup(file) for _ in range(int(sys.argv[2]))])])
