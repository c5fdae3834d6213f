import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A command for `-c` that ends when the test says so: the script hears of that, and of one signal later. The second signal would end it. */
export interface OwnStep {
  readonly options: readonly string[];
  take(): void;
}

/** Makes a step that was not taken yet; `name` is that of a file in the folder. */
export function makeStep(folder: string, name: string): OwnStep {
  const file = join(folder, name);
  rmSync(file, { force: true });
  return {
    options: ["-c", `sh -c 'until [ -e ${file} ]; do sleep 0.05; done'`],
    take: () => writeFileSync(file, ""),
  };
}
