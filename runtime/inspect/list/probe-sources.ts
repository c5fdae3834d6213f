import { hardwareSource, softwareSource } from "./event-sources.ts";
import {
  fentrySource,
  iteratorSource,
  kfuncSource,
  kprobeSource,
  lsmSource,
  structOpsSource,
} from "./function-sources.ts";
import { helperSource } from "./helper-source.ts";
import type { ProbeSource } from "./probe.ts";
import { rawTracepointSource, syscallSource, tracepointSource } from "./tracepoint-sources.ts";
import { uprobeSource, usdtSource } from "./user-sources.ts";

/** Every kind of probe, in the order in which they are listed. */
export const probeSources: readonly ProbeSource[] = [
  tracepointSource,
  rawTracepointSource,
  syscallSource,
  kprobeSource,
  fentrySource,
  lsmSource,
  iteratorSource,
  structOpsSource,
  softwareSource,
  hardwareSource,
  uprobeSource,
  usdtSource,
  helperSource,
  kfuncSource,
];
