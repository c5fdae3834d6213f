import { oldestClang } from "../compile/toolchain.ts";
import { describeMissing, describeOk, type DoctorRow } from "./doctor-row.ts";

const oldestNode = 20;

/** What must be installed on the machine. */
export const toolRows: readonly DoctorRow[] = [
  {
    name: "node",
    failure: "missing",
    check: ({ nodeVersion }) =>
      Number.parseInt(nodeVersion, 10) >= oldestNode
        ? describeOk(nodeVersion)
        : describeMissing(nodeVersion, `install Node ${oldestNode} or newer`),
  },
  {
    name: "clang",
    failure: "missing",
    check: (outside) => {
      const { clang, version } = outside.findToolchain();
      if (version < oldestClang)
        return describeMissing(`${version} at ${clang}`, `install clang ${oldestClang} or newer`);
      if (outside.haveBpfTarget(clang)) return describeOk(`${version} at ${clang}, with the bpf target`);
      return describeMissing(
        `${version} at ${clang}, without the bpf target`,
        "install the distribution's clang, or set BPFTS_CLANG to one whose --print-targets lists bpf",
      );
    },
  },
  {
    name: "libbpf headers",
    failure: "missing",
    check: (outside) => describeOk(outside.requireLibbpfHeaders()),
  },
  {
    name: "libbpf",
    failure: "missing",
    check: (outside) => describeOk(`${outside.openPort().libbpfVersion()}, in the addon`),
  },
  { name: "cache", failure: "missing", check: (outside) => describeOk(outside.openCache()) },
  { name: "qemu", failure: "warn", check: (outside) => describeOk(`${outside.requireQemu()}, for bpfts vm`) },
];
