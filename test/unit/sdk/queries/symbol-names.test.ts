import { afterEach, expect, it, vi } from "vitest";
import { openFrameNames, showParts } from "../../../../sdk/report/show-part.ts";
import { HOST_FUNCTION } from "../../../../sdk/wire/protocol.ts";

afterEach(() => vi.unstubAllGlobals());

/** A host that knows one function of each process, and counts who is asked for. */
function stubHost(): string[] {
  const asked: string[] = [];
  vi.stubGlobal(HOST_FUNCTION, (name: string, argument: string) => {
    const { address, pid } = JSON.parse(argument) as { address: string; pid?: number };
    asked.push(`${name} ${address} ${pid}`);
    return ` ${JSON.stringify({ name: `${pid === undefined ? "k" : `u${pid}`}_${address}`, offset: 4, module: "m" })}`;
  });
  return asked;
}

it("a list of stacks asks for each address of each process once, the next list asks again", () => {
  const asked = stubHost();
  const stacks = { walk: (id: number, name: (address: bigint) => string) => [1n, 2n, BigInt(id)].map(name) };
  const list = (): unknown[] => {
    const symbols = openFrameNames();
    const show = (kstack: number, ustack: number, pid: number) =>
      showParts(
        [
          { name: "kstack", value: kstack },
          { name: "ustack", value: ustack },
          { name: "ustack_pid", value: pid },
        ],
        () => stacks as never,
        "words",
        symbols,
      ).map(({ value }) => value);
    return [show(3, 3, 7), show(4, 3, 7), show(3, 3, 8)];
  };
  const kernel = (last: number): string[] => ["k_1+0x4", "k_2+0x4", `k_${last}+0x4`];
  const user = (pid: number): string[] => [1, 2, 3].map((address) => `u${pid}_${address}+0x4 [m]`);
  expect(list()).toEqual([
    [kernel(3), user(7)],
    [kernel(4), user(7)],
    [kernel(3), user(8)],
  ]);
  const wanted = [
    ...["1", "2", "3"].map((address) => `find_kernel_symbol ${address} undefined`),
    ...["1", "2", "3"].map((address) => `find_user_symbol ${address} 7`),
    "find_kernel_symbol 4 undefined",
    ...["1", "2", "3"].map((address) => `find_user_symbol ${address} 8`),
  ];
  expect(asked).toEqual(wanted);
  list();
  expect(asked).toEqual([...wanted, ...wanted]);
});
