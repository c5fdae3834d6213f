"""Writes into a pipe 500 times, and reads what it has written."""
import os

reading, writing = os.pipe()
for _ in range(500):
    os.write(writing, b"x")
    os.read(reading, 1)
