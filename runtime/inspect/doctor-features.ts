import { describeNeed, features, type Feature } from "../kernel/machine/features.ts";
import { describeMissing, describeOk, describeWarning, type DoctorOutside, type DoctorRow } from "./doctor-row.ts";

/** Source: enum bpf_prog_type, BPF_PROG_TYPE_TRACEPOINT. */
const tracepointType = 5;

/** Features that have a row of their own, which says more. */
const told = new Set<string>(["btf", "tracefs"]);

/** What the kernel lets this user do: a trial load, then every row of the table of features. */
export const featureRows: readonly DoctorRow[] = [
  {
    name: "loading",
    failure: "missing",
    check: (outside) => {
      if (mayLoad(outside)) return describeOk("a tracepoint program loads");
      return describeMissing(
        "the kernel refuses a tracepoint program",
        "run as root; in a container, outside of it; or in a virtual machine: bpfts vm run",
      );
    },
  },
  ...features.filter(({ name }) => !told.has(name)).map(describeFeatureRow),
];

function mayLoad(outside: DoctorOutside): boolean {
  return outside.openPort().probeProgramType(tracepointType) === 1;
}

function describeFeatureRow(feature: Feature): DoctorRow {
  return {
    name: feature.name,
    failure: "warn",
    check: (outside) => {
      const answer = outside.probeFeature(feature);
      if (answer === true) return describeOk(feature.title);
      // Who may not load anything gets the same no from a kernel that has it all.
      if (answer === undefined || !mayLoad(outside))
        return describeWarning(`cannot tell whether there are ${feature.title}`, "run bpfts doctor as root");
      return describeWarning(`no ${feature.title}`, `${feature.instead}; needs ${describeNeed(feature)}`);
    },
  };
}
