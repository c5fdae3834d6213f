import type { Layout } from "../wire/layout.ts";
import { ReaderProgram, findCommonAlignment } from "./reader-program.ts";

/** Reads `count` pairs: keys one after another from a byte offset on, values from another. */
export type PairWalk = (count: number, keysAt: number, valuesAt: number) => IterableIterator<[unknown, unknown]>;

/** Makes the walk through the keys and values of a batch as one generated generator: reading takes no calls. Offsets are multiples of 8. */
export function compilePairWalk(key: Layout, value: Layout): (buffer: ArrayBuffer) => PairWalk {
  const program = new ReaderProgram(findCommonAlignment(key.size));
  const readKey = program.read(key, "k", 0);
  program.setAlignment(findCommonAlignment(value.size));
  const readValue = program.read(value, "v", 0);
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
  return program.wrap(body) as (buffer: ArrayBuffer) => PairWalk;
}
