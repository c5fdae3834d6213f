import { describe, expect, it } from "vitest";
import { findKfuncVersion, isOlder } from "../../../runtime/base/bpf-since.ts";
import { explainUnknownName } from "../../../runtime/dialect/text/unknown-names.ts";
import { describeMissing } from "../../../runtime/kernel/load/missing-features.ts";
import type { BpftsError } from "../../../runtime/base/errors.ts";
import { describeLoadFailure } from "../../../runtime/kernel/load/load-failure.ts";
import { fakeEnv } from "../../unit/dialect/fake-env.ts";
import { buildText, clangs, openTools } from "../../support/build-text.ts";

const text = `
static int step(u32 index, void *data) { return 0; }
int kprobe__f(struct pt_regs *ctx) {
  return bpf_loop(8, step, NULL, 0);
}
`;

describe("what an older kernel lacks", () => {
  const { bytes } = buildText(text, openTools(clangs[0]!.clang));
  const object = { bytes, place: ({ file, line }: { file: string; line: number }) => ({ file, line }) };

  it("is named where the kernel says the helper's number, with its version and its line", () => {
    const error = describeMissing(object, "0: (85) call unknown#181\ninvalid func unknown#181\n");
    expect(error?.message).toMatch(/has no bpf_loop\(\), which came with Linux 5\.17$/);
    expect(error).toMatchObject({ since: "5.17", exitCode: 3, location: { line: 4 } });
    expect(error?.hint).toMatch(/constant bound/);
  });

  it("is not looked for in other refusals, nor where this kernel is new enough", () => {
    expect(describeMissing(object, "R0 invalid mem access 'scalar'")).toBeUndefined();
    expect(describeMissing(object, "invalid func unknown#1\n")).toBeUndefined();
  });

  it("is a matter of numbers", () => {
    expect([
      isOlder("5.10.0-35-amd64", "5.17"),
      isOlder("6.1.0", "5.17"),
      isOlder("5.17.1", "5.17"),
      isOlder("5.9", "5.17"),
    ]).toEqual([true, false, false, true]);
  });

  it("is named where it is a function of the kernel's, by the word that people write", () => {
    const log = "libbpf: extern (func ksym) 'bpf_iter_num_new': not found in kernel or module BTFs\n";
    expect(describeMissing(object, log, "5.10.0-46-amd64")).toMatchObject({
      message: expect.stringMatching(/\(5\.10\.0-46-amd64\) has no .*bpf_for.*came with Linux 6\.4$/) as string,
      since: "6.4",
      hint: expect.stringMatching(/constant bound/) as string,
    });
    expect(describeMissing(object, log, "6.12.1")?.message).toMatch(/no function "bpf_iter_num_new"/);
    expect(findKfuncVersion("bpf_iter_num_new")).toBe("6.4");
    expect(findKfuncVersion("bpf_task_from_pid")).toBe("6.2");
    expect(findKfuncVersion("vfs_read")).toBeUndefined();
  });

  it("is named where it is a kind of map", () => {
    const map = { name: "r", type: 31, maxEntries: 4096, flags: 0 };
    const refused = { bytes, spec: { programs: [], maps: [map], structs: {}, license: "GPL" } };
    const result = {
      status: -22,
      handle: 0,
      log: "libbpf: map 'r': failed to create: Invalid argument(-22)\n",
      programLogs: {},
    };
    const describe = (kernel: string): BpftsError => describeLoadFailure(refused, result as never, [], kernel);
    expect(describe("5.10.0").message).toMatch(/no maps of kind user_ringbuf, which came with Linux 6\.1$/);
    expect(describe("6.12.0").message).toMatch(/EINVAL/);
  });

  it("is told of structs, too", () => {
    const facts = {
      includes: [],
      findUnloadedModule: () => undefined,
      listHelpers: () => [],
      macros: fakeEnv.macros,
      maps: [],
      head: [],
    };
    expect(explainUnknownName("field has incomplete type 'struct bpf_timer'", facts)).toMatch(/came with Linux 5\.15/);
  });
});
