"""Opens as many TCP connections to itself as the second argument says, each with the congestion control of the first, and sends 100 kB over each."""

import socket
import sys
import threading

TCP_CONGESTION = 13


def drain(server):
    while True:
        connection, _ = server.accept()
        while connection.recv(65536):
            pass
        connection.close()


server = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=drain, args=(server,), daemon=True).start()
for _ in range(int(sys.argv[2])):
    client = socket.socket()
    try:
        client.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, sys.argv[1].encode())
    except OSError as error:
        print("refused:", error.strerror, flush=True)
        break
    client.connect(server.getsockname())
    for _ in range(10):
        client.sendall(b"x" * 10000)
    print(client.getsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, 16).rstrip(b"\0").decode(), flush=True)
    client.shutdown(socket.SHUT_WR)
    client.recv(1)
    client.close()
