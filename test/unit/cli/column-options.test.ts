import { describe, expect, it } from "vitest";
import { readRowChoice } from "../../../runtime/cli/row-options.ts";

describe("--columns", () => {
  it("adds in the order that is given, each once, and leaves out", () => {
    expect(readRowChoice({ columns: ["+user, +Time", "-pid,+user"] })).toEqual({
      conditions: [],
      columns: null,
      added: ["user", "time"],
      removed: ["pid"],
    });
  });

  it.each([
    [
      "pid",
      '--columns "pid": "pid" has no sign',
      "+NAME adds a column (time, container, pod, user), -NAME leaves one out; --fields names all that are wanted",
    ],
    ["+time,", '--columns "+time,": a name is missing', undefined],
    ["+contaner", "--columns +contaner: there is no column of that name to add", 'did you mean "+container"?'],
    ["+x", "--columns +x: there is no column of that name to add", "there are: time, container, pod, user"],
  ])("refuses %s", (text, message, hint) => {
    expect(() => readRowChoice({ columns: [text] })).toThrow(
      expect.objectContaining({ message, ...(hint !== undefined && { hint }) }) as Error,
    );
  });
});
