import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, copyFileSync } from "node:fs";
import type { PassThrough } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { VmError, VmTimeoutError } from "../../runtime/base/errors.ts";
import { openAptArchive } from "../../runtime/vm/apt-archive.ts";
import type { BootKernel } from "../../runtime/vm/kernel-store.ts";
import { describeOwnKernel } from "../../runtime/vm/kernel-store.ts";
import { openVmFolder } from "../../runtime/vm/vm-folder.ts";
import { listQemus, requireKernel, runGuest } from "./run-guest.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-vm-"));
let kernel: BootKernel;

beforeAll(async () => {
  kernel = await requireKernel("6.1");
});
afterEach(() => expect(listQemus()).toEqual([]));
afterAll(() => rmSync(folder, { recursive: true }));

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a command in a guest", () => {
  it("runs on that kernel, in this folder, with these files, and its streams and status come back apart", async () => {
    const run = await runGuest([
      "sh",
      "-c",
      'uname -r; pwd; cat package.json | head -2 | tail -1; printf "oops\\n" >&2; exit 7',
    ]);
    expect(run).toMatchObject({
      status: 7,
      stdout: Buffer.from(`${kernel.release}\n${process.cwd()}\n  "name": "bpfts",\n`),
      stderr: "oops\n",
    });
  });

  it("finds tracefs, debugfs, bpffs, cgroup2, BTF, a network and its modules", async () => {
    const probe = [
      "test -d /sys/kernel/tracing/events/syscalls",
      "test -d /sys/kernel/debug/tracing",
      "stat -fc %T /sys/fs/bpf | grep -qx bpf_fs",
      "test -e /sys/fs/cgroup/cgroup.controllers",
      "test -s /sys/kernel/btf/vmlinux",
      "ip link show lo | grep -q UP",
      "modprobe veth && test -d /sys/module/veth",
      `grep -q CONFIG_KPROBES=y /boot/config-${kernel.release}`,
      "test -w /tmp && test -e /dev/fd/0 && echo there >/dev/stdout",
    ];
    const failed = probe.map((test, at) => `${test} || echo "failed: ${at}"`).join("\n");
    expect((await runGuest(["sh", "-c", failed])).stdout.toString()).toBe("there\n");
  });

  it("reads stdin to its end, and an end at once when there is none", async () => {
    const input = randomBytes(3_000_001);
    const run = await runGuest(["sha256sum"], { input });
    expect(run.stdout.toString()).toBe(`${hash(input)}  -\n`);
    expect((await runGuest(["wc", "-c"])).stdout.toString().trim()).toBe("0");
  });

  it("writes ten megabytes, and every byte arrives", async () => {
    const path = join(folder, "random");
    const bytes = randomBytes(10_000_000);
    writeFileSync(path, bytes);
    const run = await runGuest(["sh", "-c", `cat ${path}; cat ${path} >&2`]);
    expect(run.status).toBe(0);
    expect(hash(run.stdout)).toBe(hash(bytes));
    expect(hash(run.stderrBytes)).toBe(hash(bytes));
  });

  it("that a signal ends gives 128 and its number; one that does not exist gives 127", async () => {
    expect((await runGuest(["sh", "-c", "kill -SEGV $$"])).status).toBe(128 + 11);
    const absent = await runGuest(["no-such-command"]);
    expect(absent.status).toBe(127);
    expect(absent.stderr).toMatch(/no-such-command.*not found/);
  });

  it("leaves nothing outside of shared folders", async () => {
    const lost = join(folder, "lost");
    const shared = mkdtempSync(join(folder, "shared-"));
    const kept = join(shared, "kept");
    const run = await runGuest(
      ["sh", "-c", `echo x >${lost}; cat ${lost}; echo y >${kept}; rm -f package.json; test ! -e package.json`],
      { shares: [shared] },
    );
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout.toString()).toBe("x\n");
    expect(existsSync(lost)).toBe(false);
    expect(existsSync("package.json")).toBe(true);
    expect(readFileSync(kept, "utf8")).toBe("y\n");
  });

  it("that fills the overlay is told so, and the machine goes on", async () => {
    const run = await runGuest(["sh", "-c", "dd if=/dev/zero of=/var/tmp/full bs=1M count=200; echo status $?"], {
      scratch: "48m",
    });
    expect(run.stderr).toMatch(/No space left on device/);
    expect(run).toMatchObject({ status: 0, stdout: Buffer.from("status 1\n") });
  });

  it("may leave children behind: they go with the machine", async () => {
    const run = await runGuest(["sh", "-c", "sleep 1000 & setsid sleep 1000 & echo done"], { timeoutMs: 60_000 });
    expect(run).toMatchObject({ status: 0, stdout: Buffer.from("done\n") });
  });
});

describe("whoever reads", () => {
  it("may go away while much is on its way: the machine goes too", async () => {
    const breakLater = (_text: string, _signals: unknown, stdout: PassThrough): void => {
      stdout.pause();
      setTimeout(() => stdout.destroy(new Error("EPIPE")), 500);
    };
    expect((await runGuest(["yes"], { timeoutMs: 60_000, onOutput: breakLater })).status).toBe(141);
  });
});

describe("signals", () => {
  const loop = 'trap "echo caught; exit 9" INT; echo up; while :; do sleep 0.1; done';

  it("Ctrl-C reaches the command, which ends as it likes", async () => {
    const run = await runGuest(["sh", "-c", loop], {
      onOutput: (text, signals) => void (text.includes("up") && signals.emit("SIGINT")),
    });
    expect(run).toMatchObject({ status: 9, stdout: Buffer.from("up\ncaught\n") });
  });

  it("the third Ctrl-C ends a machine whose command does not care", async () => {
    const run = await runGuest(["sh", "-c", 'trap "" INT; echo up; while :; do sleep 0.1; done'], {
      onOutput: (_, signals) => void [1, 2, 3].forEach(() => signals.emit("SIGINT")),
    });
    expect(run.status).toBe(130);
  });

  it("SIGTERM ends a command that does not listen within five seconds", async () => {
    let sentMs = 0;
    const run = await runGuest(["sh", "-c", 'trap "" TERM; echo up; while :; do sleep 0.1; done'], {
      onOutput: (_, signals) => {
        sentMs = Date.now();
        signals.emit("SIGTERM");
      },
    });
    expect(run.status).toBe(143);
    expect(Date.now() - sentMs).toBeGreaterThan(4500);
  });
});

describe("limits", () => {
  it("a command that takes too long is ended with a sentence, and what it wrote is there", async () => {
    const run = runGuest(["sh", "-c", "echo early; sleep 1000"], { timeoutMs: 3000 });
    await expect(run).rejects.toThrow(VmTimeoutError);
    await expect(run).rejects.toThrow('"sh -c echo early; sleep 1000" did not end within 3 s on kernel 6.1');
  });

  it("a kernel that does not come up in its time is called a hang", async () => {
    await expect(runGuest(["true"], { bootTimeoutMs: 200 })).rejects.toThrow(
      "Kernel 6.1 hangs: it did not come up within 0.2 s",
    );
  });

  it("two machines run side by side and do not mix", async () => {
    const runs = await Promise.all(
      ["one", "two"].map((word) => runGuest(["sh", "-c", `for i in 1 2 3; do echo ${word}; sleep 0.5; done`])),
    );
    expect(runs.map(({ stdout }) => stdout.toString())).toEqual(["one\none\none\n", "two\ntwo\ntwo\n"]);
  });
});

describe("kernels that do not work", () => {
  it("a panic while booting is told in its own words", async () => {
    await expect(runGuest(["true"], { append: ["rdinit=/no-such-file", "init=/no-such-file"] })).rejects.toThrow(
      /^Kernel 6\.1 panicked: /,
    );
  });

  it("a panic under the command is told too, and the console is at hand", async () => {
    const run = runGuest(["sh", "-c", "echo before; sleep 1; echo c >/proc/sysrq-trigger; sleep 10"]);
    await expect(run).rejects.toThrow(/^Kernel 6\.1 panicked: /);
    await expect(run).rejects.toMatchObject({ detail: expect.stringContaining("sysrq") });
  });

  it("a broken image is refused before qemu starts", async () => {
    const cut = join(folder, "vmlinuz-cut");
    copyFileSync(kernel.vmlinuz, cut);
    truncateSync(cut, 1_000_000);
    expect(() => describeOwnKernel(cut)).toThrow(/is cut off/);
    expect(() => describeOwnKernel("package.json")).toThrow(/is not a kernel image/);
  });

  it("an image with damage inside ends with a sentence too", async () => {
    const damaged = join(folder, "vmlinuz-damaged");
    const image = readFileSync(kernel.vmlinuz);
    randomBytes(200_000).copy(image, 100_000);
    writeFileSync(damaged, image);
    const own = { ...describeOwnKernel(damaged), modules: kernel.modules! };
    await expect(runGuest(["true"], { kernel: own, bootTimeoutMs: 15_000 })).rejects.toThrow(VmError);
  });

  it("an own image boots with the modules around it", async () => {
    const own = describeOwnKernel(kernel.vmlinuz);
    expect(own.modules).toBe(kernel.modules);
    expect((await runGuest(["uname", "-r"], { kernel: own })).stdout.toString()).toBe(`${kernel.release}\n`);
  });

  it("a module that the kernel does not have is named", async () => {
    await expect(runGuest(["true"], { modules: ["no_such_module"] })).rejects.toThrow(
      'The kernel has no module "no_such_module"',
    );
  });
});

describe("a machine that lacks something", () => {
  it("a network", async () => {
    const sources = ["bookworm", "bookworm-security"].map((suite) => ({ uri: "http://127.0.0.1:1/debian", suite }));
    await expect(openAptArchive(["bookworm", "bookworm-security"], join(folder, "apt"), sources)).rejects.toThrow(
      /^Cannot read the package lists of bookworm and bookworm-security: /,
    );
  });

  it("a cache folder that can be written", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => openVmFolder({ BPFTS_CACHE: join(folder, "file") })).toThrow(
      /^Cannot keep kernels in the cache: .*file" is no folder$/,
    );
  });
});
