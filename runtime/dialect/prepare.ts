import { InternalError } from "../base/errors.ts";
import type { DialectEnv } from "./env.ts";
import type { CSource, CUnit } from "./unit.ts";

/**
 * Turns the user's C text into text that clang can parse on top of the prelude:
 * kernel includes answered, maps, programs and map methods in libbpf's terms.
 *
 * @throws DialectError with the place in the script.
 */
export function prepareUnit(source: CSource, env: DialectEnv): CUnit {
  void env;
  throw new InternalError(`Cannot prepare "${source.name}": not written yet`);
}
