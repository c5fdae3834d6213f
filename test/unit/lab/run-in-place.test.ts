import { expect, it } from "vitest";
import { renderInPlace } from "../../../runtime/lab/run-in-place.ts";

const state = { name: "l", owner: null, namespaces: [], places: [], cgroup: "/sys/fs/cgroup/bpfts.l", source: "" };
const render = (command: string): string =>
  renderInPlace(state as never, { name: "pod1", namespace: "bpfts.l.pod1" } as never, command);

it.each([
  ["ping -c 1 10.77.1.2", false],
  ["grep -c 'a;b' file", false],
  ["true; false", true],
  ["FOO=1 true", true],
  ["ls *.ts", true],
  ["exec sleep 1", true],
])("runs %j by a shell of its own only where one is needed: %j", (command, isShell) => {
  expect(render(command).includes("-- sh -c ")).toBe(isShell);
});
