# Makes BCC's Python package compile on the host: emulated, its compiler takes a minute a tool. Everything else of a tool runs here as it is:
# its Python, the creation of its maps, the kernel's verifier, the probes.
import base64, ctypes, hashlib, json, os, re, sys, time

from bcc.libbcc import lib

PSEUDO_MAP_FD = 1
MISSING = (1 << 64) - 1


class Module:
    """What BCC's compiler answered, with maps of this kernel in the place of the host's."""

    def __init__(self, answer):
        self.license = answer["license"].encode()
        self.tables = answer["tables"]
        self.ids = {table["name"].encode(): at for at, table in enumerate(self.tables)}
        descriptors = {}
        for table in self.tables:
            name = table["name"].encode()
            made = lib.bcc_create_map(
                table["type"], name, table["key_size"], table["leaf_size"], table["entries"], table["flags"]
            )
            if made < 0:
                raise OSError(ctypes.get_errno(), f"map {table['name']}")
            descriptors[table["fd"]] = made
            table["made"] = made
        self.functions = {}
        for function in answer["functions"]:
            code = bytearray(base64.b64decode(function["code"]))
            for at in range(0, len(code), 8):
                if code[at] == 0x18 and code[at + 1] >> 4 == PSEUDO_MAP_FD:
                    descriptor = int.from_bytes(code[at + 4 : at + 8], "little")
                    code[at + 4 : at + 8] = descriptors[descriptor].to_bytes(4, "little")
            name = function["name"].encode()
            self.functions[name] = ctypes.create_string_buffer(bytes(code), len(code))
        self.names = list(self.functions)


modules = {}


def read_formats(text):
    names = set(re.findall(r"TRACEPOINT_PROBE\(\s*(\w+)\s*,\s*(\w+)\s*\)", text))
    # An event's name may hold "__" nowhere but a category's may.
    names |= set(re.findall(r"struct tracepoint__(\w+)__(\w+?)\b", text))
    formats = {}
    for category, event in names:
        try:
            with open(f"/sys/kernel/tracing/events/{category}/{event}/format") as file:
                formats[f"{category}/{event}"] = file.read()
        except OSError:
            pass
    return formats


def create(text, debug, flags, count, allow_rlimit, device):
    words = [flags[at].decode() for at in range(count)]
    request = {
        "text": base64.b64encode(text).decode(),
        "flags": words,
        "formats": dict(sorted(read_formats(text.decode(errors="replace")).items())),
    }
    body = json.dumps(request)
    share = os.environ["COMPARE_SHARE"]
    key = hashlib.sha256(body.encode()).hexdigest()[:32]
    with open(f"{share}/{key}.part", "w") as file:
        file.write(body)
    os.rename(f"{share}/{key}.part", f"{share}/{key}.request")
    answer = f"{share}/{key}.answer"
    until = time.monotonic() + 120
    while not os.path.exists(answer):
        if time.monotonic() > until:
            raise TimeoutError("the host did not compile")
        wait(0.1)
    with open(answer) as file:
        built = json.load(file)
    sys.stderr.write(built["log"])
    if "functions" not in built:
        return None
    modules[len(modules) + 1] = Module(built)
    return len(modules)


wait = time.sleep


def table(module, name):
    return modules[module].tables[modules[module].ids[name]]


def load(module, kind, name, start, size, license, version, level, log, log_size, device, attach_type):
    return lib.bcc_prog_load(kind, name, start, size, license, version, level, log, log_size)


def by_name(field, missing):
    return lambda module, name: table(module, name)[field] if name in modules[module].ids else missing


def install():
    lib.bcc_prog_load.argtypes = [
        ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int,
        ctypes.c_char_p, ctypes.c_uint, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint,
    ]  # fmt: skip
    size_of = lambda code: len(code) if code is not None else 0
    replacements = {
        "bpf_module_create_c_from_string": create,
        "bpf_module_destroy": lambda module: None,
        "bpf_module_license": lambda module: modules[module].license,
        "bpf_module_kern_version": lambda module: 0,
        "bpf_num_functions": lambda module: len(modules[module].names),
        "bpf_function_name": lambda module, at: modules[module].names[at],
        "bpf_function_start": lambda module, name: (
            ctypes.addressof(modules[module].functions[name]) if name in modules[module].functions else None
        ),
        "bpf_function_size": lambda module, name: size_of(modules[module].functions.get(name)),
        "bcc_func_load": load,
        "bpf_table_id": lambda module, name: modules[module].ids.get(name, MISSING),
        "bpf_table_fd": by_name("made", -1),
        "bpf_table_type_id": lambda module, at: modules[module].tables[at]["type"] if at != MISSING else -1,
        "bpf_table_flags_id": lambda module, at: modules[module].tables[at]["flags"],
        "bpf_table_max_entries_id": lambda module, at: modules[module].tables[at]["entries"],
        "bpf_table_key_desc": lambda module, name: table(module, name)["key"].encode(),
        "bpf_table_leaf_desc": lambda module, name: table(module, name)["leaf"].encode(),
        "bpf_perf_event_fields": lambda module, name: len(table(module, name)["fields"]),
        "bpf_perf_event_field": lambda module, name, at: table(module, name)["fields"][at].encode(),
    }
    # Version 0.26 leaves out the last argument, the place of a reference counter: what happens to lie there keeps others, and us, from that instruction.
    attach_uprobe = lib.bpf_attach_uprobe
    attach_uprobe.argtypes = [*attach_uprobe.argtypes, ctypes.c_uint32]
    replacements["bpf_attach_uprobe"] = lambda *words: attach_uprobe(*words, 0)
    for name, function in replacements.items():
        setattr(lib, name, function)
