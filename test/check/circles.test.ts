import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { listImports, parseSources } from "./source-files.ts";

describe("circles", () => {
  const edges = parseSources("runtime", "sdk")
    .flatMap(listImports)
    .filter(({ isFile, from, to }) => isFile && from !== to);

  it("stand between no two files, types included", () => {
    expect(findCircles(edges.map(({ from, to }) => [from, to]))).toEqual([]);
  });

  it("stand between no two folders, types included", () => {
    // The barrel of the SDK is a door and no room.
    const inRooms = edges.filter(({ from, to }) => from !== "sdk/index.ts" && to !== "sdk/index.ts");
    const folders = inRooms.map(({ from, to }) => [posix.dirname(from), posix.dirname(to)] as const);
    expect(findCircles(folders.filter(([from, to]) => from !== to))).toEqual([]);
  });

  it("are found when there are some", () => {
    const circle = [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
      ["c", "d"],
    ] as const;
    expect(findCircles(circle)).toEqual(["a, b, c"]);
  });
});

/** Lists the groups of names that reach each other. Source: Tarjan, "Depth-first search and linear graph algorithms", 1972. */
function findCircles(edges: readonly (readonly [from: string, to: string])[]): readonly string[] {
  const targets = new Map<string, (readonly [string, string])[]>();
  for (const edge of edges) targets.set(edge[0], [...(targets.get(edge[0]) ?? []), edge]);
  const numbers = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[] = [];
  const visit = (name: string): void => {
    numbers.set(name, numbers.size);
    lowest.set(name, numbers.get(name)!);
    stack.push(name);
    for (const [, to] of targets.get(name) ?? []) {
      if (!numbers.has(to)) visit(to);
      if (stack.includes(to)) lowest.set(name, Math.min(lowest.get(name)!, lowest.get(to)!));
    }
    if (lowest.get(name) !== numbers.get(name)) return;
    const group = stack.splice(stack.indexOf(name));
    if (group.length > 1) circles.push(group.sort().join(", "));
  };
  for (const name of targets.keys()) if (!numbers.has(name)) visit(name);
  return circles;
}
