import type { DialectEnv } from "./env.ts";

/** What the dialect read from this machine, besides its types, to prepare a text. A machine with the same answers gives the same prepared text. Plain data. */
export interface MachineUse {
  /** Source: LINUX_VERSION_CODE. */
  readonly kernelVersionCode: number;
  readonly onlineCpus: number;
  readonly possibleCpus: number;
  /** The format file of each tracepoint that was asked for, by `category:event`; null where there is none. */
  readonly tracepoints: Readonly<Record<string, string | null>>;
  /** The value of each option of the kernel's configuration that was asked for; null where it is off or not known. */
  readonly config: Readonly<Record<string, string | null>>;
}

/** Writes down what is asked of an environment. */
export interface UseNotes {
  /** The same environment, which writes it down. */
  readonly env: DialectEnv;
  /** What was asked so far. */
  list(): MachineUse;
}

/** Opens the notes of one text. */
export function noteUse(env: DialectEnv): UseNotes {
  const tracepoints: Record<string, string | null> = {};
  const config: Record<string, string | null> = {};
  return {
    env: {
      ...env,
      readTracepointFormat(category, event) {
        const format = env.readTracepointFormat(category, event);
        tracepoints[`${category}:${event}`] = format ?? null;
        return format;
      },
      findKernelConfig(name) {
        const value = env.findKernelConfig(name);
        config[name] = value ?? null;
        return value;
      },
    },
    list() {
      const { kernelVersionCode, onlineCpus, possibleCpus } = env;
      return { kernelVersionCode, onlineCpus, possibleCpus, tracepoints: { ...tracepoints }, config: { ...config } };
    },
  };
}
