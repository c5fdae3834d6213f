# Two connections of its own network namespace: prints "client N" and "server N" for their descriptors (and one that is no socket), then "ready"; for each line it
# sends ten bytes from the first client and says who has got them.
import ctypes, fcntl, os, select, socket, struct, sys

if ctypes.CDLL(None, use_errno=True).unshare(0x40000000) != 0:
    raise OSError(ctypes.get_errno(), "unshare")
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, 0x8914, struct.pack("16sh22x", b"lo", 0x1 | 0x40))
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
pairs = []
for _ in range(2):
    client = socket.create_connection(listener.getsockname())
    pairs.append((client, listener.accept()[0]))
(client, server), (other_client, other_server) = pairs
named = {"client": client, "server": server, "other_client": other_client, "other_server": other_server}
for name, end in named.items():
    print(name, hex(end.fileno()))
print("folder", hex(os.open("/", os.O_RDONLY)))
print("ready", flush=True)
for _ in sys.stdin:
    client.send(b"0123456789")
    got, _, _ = select.select(list(named.values()), [], [], 10)
    print(",".join(f"{name}:{len(end.recv(100))}" for name, end in named.items() if end in got), flush=True)
