"""Writes what a tool asks of BCC as JSON lines, and ends the tool.

One line is one record:
  {"record": "bpf", "bpf": 1, "text": "...", "cflags": [...]}
  {"record": "attach", "bpf": 1, "kind": "kprobe", "fn_name": "f", ...}
  {"record": "assumed", "symbol": "xfs_file_open"}
  {"record": "end", "at": "perf_buffer_poll"}
"""

import json
import os

_out = open(os.environ["BPFTS_BCC_RECORD"], "w", encoding="utf-8")
_seen = set()
_programs = 0


def as_text(value):
    """A str for whatever string the tool passed: str, bytes or ArgString."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(value)


def as_bytes(value):
    return value if isinstance(value, bytes) else as_text(value).encode("utf-8", "surrogateescape")


def write(record, **fields):
    _out.write(json.dumps({"record": record, **fields}) + "\n")
    _out.flush()


def write_once(record, **fields):
    key = json.dumps([record, fields], sort_keys=True)
    if key not in _seen:
        _seen.add(key)
        write(record, **fields)


def next_program():
    global _programs
    _programs += 1
    return _programs


def program_count():
    return _programs


def finish(at):
    """The tool has reached its main loop: everything that it loads and attaches is on record.

    os._exit, because tools catch SystemExit and KeyboardInterrupt around their loops.
    """
    write("end", at=at)
    _out.close()
    os._exit(0)


def finish_when_loaded(at):
    if _programs:
        finish(at)
