import { describe, expect, it } from "vitest";
import { findTypeVersion, laterHelpers } from "../../../runtime/base/bpf-since.ts";
import { readHelpers } from "../../../runtime/compile/helper-names.ts";

describe("the helpers by the kernel that they came with", () => {
  it("are those of the installed libbpf, by name and number", () => {
    const installed = new Map(readHelpers().map(({ name, id }) => [id, name]));
    expect(installed.size).toBeGreaterThan(200);
    const known = laterHelpers.filter(({ id }) => installed.has(id));
    expect(known.length).toBeGreaterThan(60);
    expect(known.map(({ id, name }) => [id, name])).toEqual(known.map(({ id }) => [id, installed.get(id)]));
    // A helper that the table does not have would be of an unknown version.
    expect(Math.max(...installed.keys())).toBeLessThanOrEqual(Math.max(...laterHelpers.map(({ id }) => id)));
  });

  it("tell the version, as do the structs", () => {
    const versions = Object.fromEntries(laterHelpers.map(({ name, since }) => [name, since]));
    expect(versions["bpf_loop"]).toBe("5.17");
    expect(versions["bpf_timer_init"]).toBe("5.15");
    expect(versions["bpf_cgrp_storage_get"]).toBe("6.2");
    expect(findTypeVersion("bpf_timer")).toBe("5.15");
    expect(findTypeVersion("sock")).toBeUndefined();
  });
});
