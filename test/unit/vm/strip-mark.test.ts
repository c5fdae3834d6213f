import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { MarkStripper } from "../../../runtime/vm/strip-mark.ts";

const mark = "abab-end";

async function strip(chunks: readonly string[]): Promise<{ text: string; isWhole: boolean }> {
  const stream = new MarkStripper(mark);
  const parts: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => parts.push(chunk));
  const end = once(stream, "end");
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await end;
  return { text: Buffer.concat(parts).toString(), isWhole: stream.isWhole };
}

describe("MarkStripper", () => {
  it.each([1, 2, 3, 5, 100])("takes the mark off, in chunks of %d", async (size) => {
    const text = `one abab two ababab-en ${mark}`;
    const chunks = text.match(new RegExp(`.{1,${size}}`, "gs")) ?? [];
    expect(await strip(chunks)).toEqual({ text: "one abab two ababab-en ", isWhole: true });
  });

  it("gives everything back when the mark never comes, and says that it is not whole", async () => {
    expect(await strip(["text aba", "b-e"])).toEqual({ text: "text abab-e", isWhole: false });
  });

  it("ends with the mark: what comes later is not output", async () => {
    expect(await strip([`x${mark}y`, "z"])).toEqual({ text: "x", isWhole: true });
  });

  it("passes on at once what cannot be the mark", () => {
    const stream = new MarkStripper(mark);
    stream.write("hello ab");
    expect(String(stream.read())).toBe("hello ");
  });
});
