import { fakeEnv } from "../fake-env.ts";
import { describe, expect, it } from "vitest";
import { explainUnknownName, listTakenNames } from "../../../../runtime/dialect/text/unknown-names.ts";

describe("explainUnknownName", () => {
  it.each([
    [
      "use of undeclared identifier 'GFP_KERNEL'",
      [],
      '"GFP_KERNEL" is a macro of the kernel\'s headers (from <linux/gfp.h>)',
    ],
    ["use of undeclared identifier 'ODD_FLAG'", ["linux/odd.h"], "(perhaps from <linux/odd.h>)"],
    [
      "use of undeclared identifier 'ODD_FLAG'; did you mean 'ODD'?",
      ["a.h", "b.h"],
      "define it in the text: #define ODD_FLAG …",
    ],
    [
      "call to undeclared function 'skb_peek'; ISO C99 and later do not support implicit function declarations",
      [],
      '"skb_peek" is no BPF helper',
    ],
    ["implicit declaration of function 'FOO' is invalid in C99", [], "#define FOO(…) …"],
    ["incomplete definition of type 'struct nfs_commit_data'", [], 'have no "struct nfs_commit_data"'],
    ["incomplete definition of type 'struct tracepoint__a__b'", [], "no such tracepoint"],
    ["redefinition of 'all' as different kind of symbol", [], 'have a "all" of their own'],
    ["unknown type name 'foo_t'", [], 'have no "foo_t"'],
    ["used type 'kuid_t' where arithmetic or pointer type is required", [], 'take a "kuid_t" as a pointer'],
    [
      "used type 'own_t' (aka 'struct own') where arithmetic or pointer type is required",
      [],
      'take a "own_t" as a pointer',
    ],
    ["use of undeclared identifier 'O_CRAET'", [], 'did you mean "O_CREAT"?'],
    ["use of undeclared identifier 'SYS_openat'", [], "__NR_openat"],
    ["use of undeclared identifier '__NR_open'", [], 'no system call "open"'],
    ["use of undeclared identifier 'HZ'", [], "CONFIG_HZ"],
    ["no member named 'state' in 'struct task_struct'", [], 'has no "state"'],
  ])("%s", (message, includes, hint) => {
    expect(
      explainUnknownName(message, {
        includes,
        findUnloadedModule: () => undefined,
        listHelpers: () => ["bpf_ktime_get_ns"],
        macros: fakeEnv.macros,
        maps: [],
        head: [],
      }),
    ).toContain(hint);
  });

  it.each(["use of undeclared identifier 'count'", "expected ';' after expression"])(
    "has nothing to add to: %s",
    (message) => {
      expect(
        explainUnknownName(message, {
          includes: [],
          findUnloadedModule: () => undefined,
          listHelpers: () => ["bpf_ktime_get_ns"],
          macros: fakeEnv.macros,
          maps: [],
          head: [],
        }),
      ).toBeUndefined();
    },
  );
});

describe("listTakenNames", () => {
  it("finds the names that clang says are something else already", () => {
    const messages = [
      "C: redefinition of 'all' as different kind of symbol",
      "redefinition of enumerator 'none'",
      "redefinition of 'all' as different kind of symbol",
      "redefinition of 'twice'",
      "redefinition of 'struct a' with other members",
    ];
    expect(listTakenNames(messages)).toEqual(["all", "none", "twice"]);
  });
});
