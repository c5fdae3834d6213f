# Compiles a program with BCC's own compiler, on the host for the guest: compile_bcc.py REQUEST ANSWER. Both are JSON.
# The guest sends the text, the flags and the formats of its tracepoints; the headers lie in $BCC_KERNEL_SOURCE.
import base64, ctypes, json, os, subprocess, sys

request = json.load(open(sys.argv[1]))
libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


# BCC reads the formats in tracefs: in a namespace of our own the guest's lie there.
check(libc.unshare(0x00020000), "unshare")
check(libc.mount(b"none", b"/", None, 0x44000, None), "make / private")
check(libc.mount(b"formats", b"/sys/kernel/debug", b"tmpfs", 0, None), "mount formats")
for event, text in request["formats"].items():
    folder = f"/sys/kernel/debug/tracing/events/{event}"
    os.makedirs(folder)
    open(f"{folder}/format", "w").write(text)

# What clang complains about goes with the answer.
log = os.memfd_create("log")
os.dup2(log, 2)
from bcc.libbcc import lib

flags = [flag.encode() for flag in request["flags"]]
array = (ctypes.c_char_p * len(flags))(*flags)
module = lib.bpf_module_create_c_from_string(base64.b64decode(request["text"]), 0, array, len(flags), True, None)
os.lseek(log, 0, 0)
answer = {"log": os.read(log, 1 << 20).decode(errors="replace")}
if module:
    for name in ("bpf_num_tables", "bpf_table_key_size_id", "bpf_table_leaf_size_id", "bpf_table_fd_id"):
        getattr(lib, name).restype = ctypes.c_size_t
        getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_size_t][: 1 if name == "bpf_num_tables" else 2]
    lib.bpf_table_name.restype = ctypes.c_char_p
    lib.bpf_table_name.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    tables = []
    for at in range(lib.bpf_num_tables(module)):
        name = lib.bpf_table_name(module, at)
        fields = range(lib.bpf_perf_event_fields(module, name))
        tables.append(
            {
                "name": name.decode(),
                "fd": ctypes.c_int(lib.bpf_table_fd(module, name)).value,
                "type": lib.bpf_table_type_id(module, at),
                "flags": lib.bpf_table_flags_id(module, at),
                "entries": lib.bpf_table_max_entries_id(module, at),
                "key_size": lib.bpf_table_key_size_id(module, at),
                "leaf_size": lib.bpf_table_leaf_size_id(module, at),
                "key": (lib.bpf_table_key_desc(module, name) or b"").decode(),
                "leaf": (lib.bpf_table_leaf_desc(module, name) or b"").decode(),
                "fields": [lib.bpf_perf_event_field(module, name, field).decode() for field in fields],
            }
        )
    functions = []
    for at in range(lib.bpf_num_functions(module)):
        name = lib.bpf_function_name(module, at)
        code = ctypes.string_at(lib.bpf_function_start(module, name), lib.bpf_function_size(module, name))
        functions.append({"name": name.decode(), "code": base64.b64encode(code).decode()})
    answer |= {
        "tables": tables,
        "functions": functions,
        "license": (lib.bpf_module_license(module) or b"").decode(),
    }
with open(f"{sys.argv[2]}.part", "w") as file:
    json.dump(answer, file)
os.rename(f"{sys.argv[2]}.part", sys.argv[2])
os._exit(0)
