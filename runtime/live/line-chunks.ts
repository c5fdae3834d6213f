import type { Script } from "../script/read-script.ts";
import type { GuestScript } from "../session/run/script-stack.ts";

/** The code of all that a session has run, as far as stacks are concerned. */
export interface LineChunks {
  /** The whole session as one script. */
  readonly script: GuestScript;
  /** Adds code and answers it with as many empty lines before it as there were lines until now: a stack's line number tells whose it is. `isApart` keeps what it declares to itself. */
  add(script: Script, isApart: boolean): string;
}

interface Chunk {
  /** Lines of the session before its first one. */
  readonly start: number;
  readonly script: Script;
}

/** Opens the list of a session. */
export function openLineChunks(): LineChunks {
  const chunks: Chunk[] = [];
  const files = new Set<string>();
  let end = 0;
  return {
    script: {
      get files() {
        return [...files];
      },
      mapPosition(line, column) {
        const chunk = chunks.findLast(({ start }) => start < line);
        return chunk?.script.mapPosition(line - chunk.start, column);
      },
    },
    add(script, isApart) {
      const { code } = script;
      const [open, close] = isApart ? ["(() => {\n", "\n})();"] : ["", ""];
      const start = end + (isApart ? 1 : 0);
      chunks.push({ start, script });
      for (const file of script.files) files.add(file);
      const text = `${"\n".repeat(end)}${open}${code}${close}`;
      end = start + code.split("\n").length + 1;
      return text;
    },
  };
}
