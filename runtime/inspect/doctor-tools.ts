import { oldestClang } from "../compile/toolchain.ts";
import type { ConfinementWalls } from "../confine/launcher.ts";
import { describeMissing, describeOk, describeWarning, type DoctorFinding, type DoctorRow } from "./doctor-row.ts";

const oldestNode = "20.17";

/** What must be installed on the machine. */
export const toolRows: readonly DoctorRow[] = [
  {
    name: "node",
    failure: "missing",
    check: ({ nodeVersion, readsCertificates }) => {
      if (nodeVersion.localeCompare(oldestNode, "en", { numeric: true }) < 0)
        return describeMissing(nodeVersion, `install Node ${oldestNode} or newer`);
      return describeOk(
        readsCertificates
          ? `${nodeVersion}; NODE_EXTRA_CA_CERTS is set, which makes every start of Node some 50 ms longer`
          : nodeVersion,
      );
    },
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
  { name: "clang's walls", failure: "missing", check: ({ probeWalls }) => describeWalls(probeWalls()) },
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
  {
    name: "virtual machines",
    failure: "warn",
    check: (outside) => {
      const missing = outside.listMissingVmTools();
      if (missing.length === 0) return describeOk("all that bpfts vm needs");
      return describeWarning(
        `bpfts vm lacks ${missing.map(({ name }) => name).join(", ")}`,
        `apt-get install ${missing.map((tool) => tool.package).join(" ")}`,
      );
    },
  },
];

/** What keeps clang to the files that it needs, whatever a script's C text makes of it. */
function describeWalls({ landlock, user, filter }: ConfinementWalls): DoctorFinding {
  const others = [
    user === 0 ? "no user of its own" : `user ${user}`,
    filter ? "filtered system calls" : "no filter of system calls",
  ];
  if (landlock > 0) return describeOk([`Landlock ${landlock}`, ...others].join(", "));
  return describeWarning(
    ["no Landlock", ...others].join(", "),
    "clang is kept from other files by rules alone; Linux 5.13 and newer have Landlock (CONFIG_SECURITY_LANDLOCK=y, and landlock in lsm= of the kernel's command line)",
  );
}
