"""Sends a number of datagrams to itself on loopback: datagrams.py COUNT."""
import socket, sys

receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 0))
for _ in range(int(sys.argv[1])):
    receiver.sendto(b"x", receiver.getsockname())
