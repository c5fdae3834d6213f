import { UsageError } from "../base/errors.ts";
import { weighStack } from "./weigh-stack.ts";
import type { FileStack } from "./weigh-stack.ts";

interface SpeedscopeFile {
  readonly shared?: { readonly frames?: readonly { readonly name?: unknown }[] };
  readonly profiles?: readonly {
    readonly type?: unknown;
    readonly unit?: unknown;
    readonly samples?: readonly (readonly number[])[];
    readonly weights?: readonly number[];
  }[];
}

/** Reads a profile of speedscope. Source: https://www.speedscope.app/file-format-schema.json @throws UsageError for other JSON */
export function readSpeedscope(text: string): FileStack[] {
  const { shared, profiles } = JSON.parse(text) as SpeedscopeFile;
  const names = shared?.frames?.map(({ name }) => String(name));
  if (names === undefined || !Array.isArray(profiles)) throw new UsageError("this JSON is no profile of speedscope");
  return (profiles as NonNullable<SpeedscopeFile["profiles"]>).flatMap(({ type, unit, samples = [], weights = [] }) => {
    if (type !== "sampled")
      throw new UsageError(`a profile of the type "${String(type)}" has no stacks, only "sampled" has`);
    return samples.map((sample, index) =>
      weighStack(
        sample.map((frame) => names[frame] ?? "[unknown]"),
        weights[index] ?? 1,
        String(unit),
      ),
    );
  });
}
