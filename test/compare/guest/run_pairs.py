# Runs BCC's tools and ours beside each other, a pair over one workload, and leaves what both print in the share: run_pairs.py SHARE WORK_FOLDER.
import atexit, json, os, random, runpy, shutil, signal, subprocess, sys, time

share, base = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
os.environ["COMPARE_SHARE"] = share
os.environ["PYTHONUNBUFFERED"] = "1"
jobs = json.load(open(f"{share}/jobs.json"))
if not all(job["alone"] for job in jobs):
    import bcc, host_compiler

    host_compiler.install()
real_sleep = time.sleep
PATIENCE = 150


def run_theirs(tool, args, out, err, ready):
    """Runs one of BCC's tools in this process, which has its package loaded already."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setpgid(0, 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    # Text and bytes of one tool come in their order.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(write_through=True, line_buffering=True)
    told = []

    def tell():
        if not told:
            told.append(True)
            os.write(ready, b"ready\n")

    def telling(function):
        def call(*args, **words):
            tell()
            return function(*args, **words)

        return call

    # Whoever polls or sleeps has attached what it attaches.
    time.sleep = telling(real_sleep)
    for name in ("perf_buffer_poll", "ring_buffer_poll", "kprobe_poll", "trace_fields", "trace_readline", "trace_print"):
        setattr(bcc.BPF, name, telling(getattr(bcc.BPF, name)))
    path = f"/usr/sbin/{tool}-bpfcc"
    sys.argv = [path, *args]
    status = 0
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else (0 if end.code is None else 1)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    for action in (atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):
        try:
            action()
        except BaseException:
            pass
    os._exit(status)


def start_theirs(tool, args, out, err):
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        run_theirs(tool, args, out.fileno(), err.fileno(), writing)
    os.close(writing)
    return pid, reading


def read_cpu(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rsplit(")", 1)[1].split()
        if words[0] == "Z":
            return None
        return int(words[11]) + int(words[12]) + int(words[13]) + int(words[14])
    except OSError:
        return None


def has_probes(pid):
    """Whether a process holds links or performance events."""
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{name}")
            if "perf_event" in target or "bpf_link" in target or "bpf-raw-tracepoint" in target:
                return True
    except OSError:
        pass
    return False


def wait_for_ours(pid, out):
    """Ready is who holds probes, has printed its header and has stopped to work; whoever has no header is given longer."""
    until, quiet, last = time.monotonic() + PATIENCE, 0, None
    is_attached = False
    while time.monotonic() < until:
        cpu = read_cpu(pid)
        if cpu is None:
            return False
        # A tool may see this very look at it: a little work is no sign of preparations.
        quiet = quiet + 1 if is_attached and last is not None and cpu - last <= 8 else 0
        if quiet >= (3 if os.fstat(out.fileno()).st_size > 0 else 14):
            return True
        last = cpu
        is_attached = is_attached or has_probes(pid)
        real_sleep(0.5)
    return False


def wait_for_theirs(pid, ready):
    import select

    readable, _, _ = select.select([ready], [], [], PATIENCE)
    return bool(readable) and os.read(ready, 100) != b""


def finish(pid):
    """Ctrl-C, and patience."""
    for name, seconds in ((signal.SIGINT, 60), (signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        until = time.monotonic() + seconds
        sent = False
        while time.monotonic() < until:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if not sent:
                os.kill(pid, name)
                sent = True
            real_sleep(0.1)
    return None


def run_job(job):
    name = job["name"]
    folder = f"{base}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chdir(folder)
    words = {"W": folder, "PROGRAMS": job["programs"], "BIN": f"{share}/bin"}
    environment = {**os.environ, **words}
    fill = lambda text: text.replace("$W", folder).replace("$BIN", words["BIN"]).replace("$PID", words.get("PID", "0"))
    outputs = {side: [open(f"{base}/{name}.{side}.{kind}", "wb+") for kind in ("out", "err")] for side in ("bcc", "ours")}
    background = None
    result = {"name": name}
    held = []
    started = time.monotonic()
    if "prepare" in job:
        subprocess.run(["bash", "-c", job["prepare"]], env=environment, check=False)
    if "background" in job:
        background = subprocess.Popen(["bash", "-c", job["background"]], env=environment, stdin=subprocess.PIPE)
        words["PID"] = str(background.pid)
        real_sleep(1)

    def work():
        with open(f"{base}/{name}.work", "ab") as file:
            subprocess.run(
                ["bash", "-c", job["work"]], env={**environment, **words}, stdout=file, stderr=file, timeout=120, check=False
            )
        real_sleep(job.get("after", 1.5))

    def start(side):
        if side == "bcc":
            return start_theirs(job["tool"], [fill(word) for word in job["bcc"]], *outputs[side])
        command = ["node", job["bpfts"], job["tool"], *[fill(word) for word in job["ours"]]]
        tool = subprocess.Popen(command, stdout=outputs[side][0], stderr=outputs[side][1], process_group=0)
        # Python would wait for what nobody holds.
        held.append(tool)
        return tool.pid, None

    def wait_until_ready(side, pid, ready):
        is_ready = wait_for_ours(pid, outputs[side][0]) if ready is None else wait_for_theirs(pid, ready)
        if ready is not None:
            os.close(ready)
        result[side] = {"ready": is_ready, "start": round(time.monotonic() - started, 1)}

    def run(sides):
        tools = {side: start(side) for side in sides}
        for side, tool in tools.items():
            wait_until_ready(side, *tool)
        work()
        for side, (pid, _) in tools.items():
            result[side]["status"] = finish(pid)

    try:
        for sides in (("ours",),) if job["alone"] else (("bcc",), ("ours",)) if job.get("apart") else (("bcc", "ours"),):
            run(sides)
    except BaseException as error:
        result["trouble"] = repr(error)
    if background is not None:
        background.kill()
        background.wait()
    for side, files in outputs.items():
        for kind, file in zip(("out", "err"), files):
            file.seek(0)
            result.setdefault(side, {})[kind] = file.read().decode(errors="replace")
            file.close()
    try:
        with open(f"{base}/{name}.work", errors="replace") as file:
            result["work"] = file.read()
    except OSError:
        result["work"] = ""
    result["seconds"] = round(time.monotonic() - started, 1)
    os.chdir("/")
    with open(f"{share}/{name}.part", "w") as file:
        json.dump(result, file)
    os.rename(f"{share}/{name}.part", f"{share}/{name}.result")


os.makedirs(base, exist_ok=True)
# Two runs are compared without numbers of processes, which are those that one run alone has: all guests would count from the same.
if os.uname().nodename == "bpfts-vm":
    with open("/proc/sys/kernel/ns_last_pid", "w") as file:
        file.write(str(random.randrange(10_000, 30_000)))
for job in jobs:
    run_job(job)
