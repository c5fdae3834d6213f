import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, root, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const bpffs = join(folder, "bpf");
const outside = join(folder, "outside");
mkdirSync(bpffs);
mkdirSync(outside);

/** Runs a script that pins a map, with a BPF file system that is gone with the command; `then` runs in its sight. */
function pin(path: string, before = ":", then = ":"): string {
  const text = `import { BPF } from "bpfts";\nnew BPF({ text: 'BPF_TABLE_PINNED("hash", u32, u64, m, 8, "${path}");' }).close();\n`;
  const script = writeScript(folder, "pin.ts", text);
  const line = `mount -t bpf bpf ${bpffs} && { ${before}; '${process.execPath}' '${join(root, "dist/bpfts.cjs")}' run ${script} 2>&1; echo "status $?"; ${then}; }`;
  return execFileSync("unshare", ["-m", "bash", "-c", line], { encoding: "utf8" });
}

describe("folders of a pinned map", () => {
  it("are made where they are missing, and the map is pinned in them", () => {
    expect(pin(`${bpffs}/a/b/m`, ":", `ls ${bpffs}/a/b`)).toBe("status 0\nm\n");
    expect(pin(`${bpffs}/./a/x/../b/m`, ":", `ls ${bpffs}/a ${bpffs}/a/b`)).toContain("m\n");
  });

  it.each([
    ["dots behind a folder that is missing", `${bpffs}/x/../../outside/evil/m`, ":"],
    ["dots behind a folder that is there", `${bpffs}/x/../../outside/evil/m`, `mkdir ${bpffs}/x`],
    ["a symbolic link in the BPF file system", `${bpffs}/link/evil/m`, `ln -s ${outside} ${bpffs}/link`],
    ["another place", `${outside}/evil/m`, ":"],
    ["a place through /proc", `/proc/self/cwd/../../../../../../../..${outside}/evil/m`, ":"],
  ])("are made nowhere else: %s", (_name, path, before) => {
    const said = pin(path, before);
    expect(said).toMatch(/Cannot pin map "m".*is no BPF file system/);
    expect(said).toContain("hint: as root: mount -t bpf");
    expect(said).toContain("status 1");
    expect(readdirSync(outside)).toEqual([]);
  });

  it("are an error where a file is in the way", () => {
    execFileSync("touch", [join(outside, "file")]);
    try {
      expect(pin(`${outside}/file/deep/m`)).toMatch(/Cannot (?:pin map|use what is pinned)/);
    } finally {
      execFileSync("rm", [join(outside, "file")]);
    }
  });
});
