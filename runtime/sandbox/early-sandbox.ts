import { openSandbox } from "./sandbox.ts";
import type { Sandbox, SandboxOptions } from "./sandbox.ts";

/** Opens a sandbox before its run is known, and answers how the run takes it. Owner: the run closes it. */
export async function openEarlySandbox(
  early: Pick<SandboxOptions, "limits" | "library" | "without">,
): Promise<(options: SandboxOptions) => Promise<Sandbox>> {
  let run: SandboxOptions | undefined;
  const sandbox = await openSandbox({
    ...early,
    // The library calls nobody while it is read.
    call: (name, argument, bytes) => run!.call(name, argument, bytes),
    shouldStop: () => run?.shouldStop() ?? false,
    runGuarded(step) {
      if (run?.runGuarded !== undefined) return run.runGuarded(step);
      step();
      return false;
    },
  });
  return (options) => {
    run = options;
    return Promise.resolve(sandbox);
  };
}
