import { BpfError } from "../../../sdk/wire/errors.ts";
import { MapError } from "../../base/errors.ts";

/** Runs what a script's calls use too: what they throw at a script is an error of the host's here. @throws MapError */
export function withCodecErrors<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    if (!(cause instanceof BpfError)) throw cause;
    throw new MapError(cause.message, {
      cause,
      reason: "wrong_type",
      ...(cause.hint !== undefined && { hint: cause.hint }),
    });
  }
}
