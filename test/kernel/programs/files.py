# Reads and writes a file and a FIFO in known ways: files.py FILE FIFO
import os, sys, time
f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
for _ in range(3): os.write(f, b"x" * 4096)
os.pwritev(f, [b"y" * 1000, b"z" * 1048], 0)
os.lseek(f, 0, 0)
for _ in range(5): os.read(f, 2048)
os.readv(f, [bytearray(1024), bytearray(1024)])
# At the end of the file there is nothing.
os.pread(f, 100, 1 << 20)
# A FIFO is no regular file; somebody writes after a while.
if not os.path.exists(sys.argv[2]): os.mkfifo(sys.argv[2])
pipe = os.open(sys.argv[2], os.O_RDWR)
if os.fork() == 0:
    time.sleep(0.25)
    os.write(pipe, b"late")
    os._exit(0)
os.read(pipe, 100)
