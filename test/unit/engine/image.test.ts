import { afterEach, describe, expect, it } from "vitest";
import type { GuestImage } from "../../../runtime/engine/image.ts";
import { openSandbox } from "../../../runtime/sandbox/sandbox.ts";
import type { Sandbox } from "../../../runtime/sandbox/sandbox.ts";

const open: Sandbox[] = [];
afterEach(() => {
  for (const sandbox of open.splice(0)) sandbox.close();
});

const code = `
  const call = globalThis.__bpfts_call;
  let calls = 0;
  export class Counter { count = 0; add() { return ++this.count; } }
  export const shared = new Counter();
  export let started = "";
  export const ask = (what) => call("ask", what + ++calls);
  globalThis.__bpfts_guest = { start() { started = call("start", ""); } };
`;

/** A library whose image is kept in memory, as the session keeps it in the cache. */
function makeLibrary(): {
  readonly library: Parameters<typeof openSandbox>[0]["library"] & object;
  readonly reads: () => number;
  readonly images: GuestImage[];
} {
  let reads = 0;
  const images: GuestImage[] = [];
  const library = {
    name: "lib",
    readCode: () => {
      reads++;
      return Promise.resolve(code);
    },
    images: { find: () => images[0], write: (image: GuestImage) => void images.push(image) },
  };
  return { library, reads: () => reads, images };
}

async function runScript(
  library: ReturnType<typeof makeLibrary>["library"],
  script: string,
  answer: string,
): Promise<string[]> {
  const heard: string[] = [];
  const sandbox = await openSandbox({
    limits: { memoryBytes: 32 * 1024 * 1024, stackBytes: 256 * 1024 },
    library,
    shouldStop: () => false,
    call(name, argument) {
      heard.push(`${name} ${argument}`);
      return answer;
    },
  });
  open.push(sandbox);
  expect(sandbox.callHook("start").kind).toBe("done");
  const outcome = sandbox.evaluate(script, "script.js");
  expect(outcome).toEqual({ kind: "done", value: undefined });
  expect(sandbox.runJobs().outcome.kind).toBe("done");
  return heard;
}

const script = `
  import { Counter, ask, shared, started } from "lib";
  ask(started + shared.add() + (shared instanceof Counter));
  Promise.resolve("later").then(ask);
  ask(String(new Array(100000).fill(7).reduce((sum, one) => sum + one)));
  ask(/(\\d+)/.exec("a12")[1] + new Map([[1n, "big"]]).get(1n));
`;
const heardBy = (answer: string): string[] => [
  "start ",
  `ask ${answer}1true1`,
  "ask 7000002",
  "ask 12big3",
  "ask later4",
];

describe("an image of a guest", () => {
  it("stands for reading the library: scripts cannot tell, and start from what this run gives them", async () => {
    const { library, reads, images } = makeLibrary();
    expect(await runScript(library, script, "first")).toEqual(heardBy("first"));
    expect(images).toHaveLength(1);
    expect(await runScript(library, script, "second")).toEqual(heardBy("second"));
    expect(await runScript(library, script, "third")).toEqual(heardBy("third"));
    expect(reads()).toBe(1);
    expect(images).toHaveLength(1);
  });

  it("stands for a guest that was started by another name, too", async () => {
    const { library, reads } = makeLibrary();
    const own = process.argv[1]!;
    try {
      for (const name of ["/a", "/a/place/with/a/much/longer/name/than/that/bpfts.cjs", own]) {
        process.argv[1] = name;
        expect(await runScript(library, script, name)).toEqual(heardBy(name));
      }
    } finally {
      process.argv[1] = own;
    }
    expect(reads()).toBe(1);
  });

  it("is not put over a guest whose memory began in another way: the library is read again", async () => {
    const { library, reads, images } = makeLibrary();
    await runScript(library, script, "first");
    // The first pages are those from before the library; nine bytes are more than a seed.
    const foreign = images[0]!.slice();
    const [before, after] = new Uint32Array(foreign.slice(0, 8).buffer);
    const at = (2 + before! + after!) * 4;
    for (let i = 0; i < 9; i++) foreign[at + i]! ^= 0xff;
    images[0] = foreign;
    expect(await runScript(library, script, "second")).toEqual(heardBy("second"));
    expect([reads(), images.length]).toEqual([2, 2]);
  });

  it("is small: what was never written is left out", async () => {
    const { library, images } = makeLibrary();
    await runScript(library, "", "");
    expect(images[0]!.length).toBeLessThan(2 * 1024 * 1024);
  });

  it("is not made of a library that fails", async () => {
    const { library, images } = makeLibrary();
    await expect(runScript({ ...library, readCode: () => Promise.resolve("null.x") }, "", "")).rejects.toThrow(
      "The sandbox's library failed: cannot read property 'x' of null",
    );
    expect(images).toHaveLength(0);
  });
});
