import { openKeeper } from "./codec-reader.ts";
import type { Layout } from "../wire/layout.ts";
import { ReaderProgram, findCommonAlignment } from "./reader-program.ts";

/** Reads `count` pairs: keys one after another from a byte offset on, values from another. */
export type PairWalk = (count: number, keysAt: number, valuesAt: number) => IterableIterator<[unknown, unknown]>;

/** Makes the walk through the keys and values of a batch as one generated generator: reading takes no calls. Offsets are multiples of 8. Values say all of their bytes. */
export function compilePairWalk(key: Layout, value: Layout): (buffer: ArrayBuffer) => PairWalk {
  const program = new ReaderProgram(findCommonAlignment(key.size), { seesHidden: true });
  const readKey = readPart(program, key, "k", "keepKey");
  program.setAlignment(findCommonAlignment(value.size));
  const readValue = readPart(program, value, "v", "keepValue");
  const views = [...program.views].join(", ");
  const body = `
    return function (count, k, v) { return walk(count, k, v${views === "" ? "" : `, ${views}`}); };
    function* walk(count, k, v${views === "" ? "" : `, ${views}`}) {
      ${program.declareVariables()}
      for (; count > 0; count--) {
        yield [${readKey}, ${readValue}];
        k += ${key.size};
        v += ${value.size};
      }
    }`;
  return program.wrap(body, { keepKey: openKeeper(key), keepValue: openKeeper(value) }) as (
    buffer: ArrayBuffer,
  ) => PairWalk;
}

/** An expression for a key or a value, which keeps its bytes where they say more than it does. */
function readPart(program: ReaderProgram, layout: Layout, base: string, keep: string): string {
  const couldHide = program.canHide;
  program.canHide = false;
  const value = program.readWhole(layout, base);
  const hides = program.canHide;
  program.canHide ||= couldHide;
  if (!hides) return value;
  program.variables.push(`${keep}_value`);
  return `(hides = 0, ${keep}_value = ${value}, hides !== 0 && ${keep}(buffer, ${base}, ${keep}_value), ${keep}_value)`;
}
