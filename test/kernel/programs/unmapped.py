# Hands the kernel texts that lie in pages which nobody has touched: unmapped.py FOLDER. Executes "sleep 0.7" and a program that is not there, and makes directories.
import ctypes, os, sys

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]


def hide(text):
    name = f"{sys.argv[1]}/hidden"
    with open(name, "wb") as file:
        file.write(text.encode() + b"\0")
    file = os.open(name, os.O_RDONLY)
    # PROT_READ, MAP_PRIVATE: the page comes with the first access.
    return libc.mmap(None, 4096, 1, 2, file, 0)


def execute(path, *words):
    pid = os.fork()
    if pid == 0:
        libc.execv(path, (ctypes.c_void_p * (len(words) + 1))(*words, None))
        os._exit(0)
    os.waitpid(pid, 0)


plain = ctypes.create_string_buffer(b"plain")
execute(b"/bin/sleep", ctypes.addressof(plain), hide("0.7"))
execute(b"/nowhere/program", ctypes.addressof(plain), hide("gone"), ctypes.addressof(plain))
for turn in range(3):
    libc.mkdir(ctypes.c_void_p(hide("/nowhere/hidden")), 0o700)
libc.mkdir(None, 0o700)
libc.mkdir(b"/nowhere/plain", 0o700)
