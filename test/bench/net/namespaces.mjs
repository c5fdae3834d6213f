import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startConsumer } from "../measure.mjs";

/** A client, a router and a server with cables between them, and a cgroup: the bench touches nothing of the machine's own network. */
export const addresses = { client: "10.200.1.2", router: "10.200.1.1", server: "10.200.2.2" };

/** Makes them; `close` takes them away. */
export function makeNamespaces() {
  const names = Object.fromEntries(Object.keys(addresses).map((role) => [role, `bpfts-bench-${process.pid}-${role}`]));
  const run = (role, line, input) => {
    const result = spawnSync("nsenter", [`--net=${pathOf(role)}`, "sh", "-c", line], { encoding: "utf8", input });
    if (result.status !== 0) throw new Error(`${line.slice(0, 200)}: ${result.stderr}`);
    return result.stdout;
  };
  const pathOf = (role) => `/run/netns/${names[role]}`;
  const cgroup = join(findCgroups(), `bpfts-bench-${process.pid}`);
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    for (const name of Object.values(names)) spawnSync("ip", ["netns", "delete", name]);
    if (existsSync(cgroup)) rmdirSync(cgroup);
  };
  process.once("exit", close);
  for (const name of Object.values(names)) spawnSync("ip", ["netns", "add", name]);
  mkdirSync(cgroup);
  for (const [role, near, far, subnet] of [
    ["client", "c0", "rc", "10.200.1"],
    ["server", "s0", "rs", "10.200.2"],
  ]) {
    run("router", `ip link add ${far} type veth peer name ${near} netns ${names[role]}`);
    run(
      "router",
      `echo 1 > /proc/sys/net/ipv6/conf/${far}/disable_ipv6; ip address add ${subnet}.1/24 dev ${far}; ip link set ${far} up`,
    );
    run(
      role,
      `echo 1 > /proc/sys/net/ipv6/conf/${near}/disable_ipv6; ip address add ${subnet}.2/24 dev ${near}; ip link set ${near} up; ip link set lo up; ip route add default via ${subnet}.1`,
    );
  }
  run("router", "echo 1 > /proc/sys/net/ipv4/ip_forward; ip link set lo up");
  return { path: pathOf, cgroup, run, close };
}

function findCgroups() {
  const line = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((text) => text.includes(" - cgroup2 "));
  if (line === undefined) throw new Error("There is no cgroup v2 on this machine");
  return line.split(" ")[4];
}

/** The command line that runs another one in a namespace, on a processor, in the cgroup. */
export function enter(net, role, { cpu, inCgroup = false } = {}, ...command) {
  const pinned = cpu === undefined ? command : ["taskset", "-c", String(cpu), ...command];
  const join = inCgroup ? `echo $$ > '${net.cgroup}/cgroup.procs'; ` : "";
  return ["nsenter", `--net=${net.path(role)}`, "sh", "-c", `${join}exec "$@"`, "sh", ...pinned];
}

/** Runs a load to its end and answers what it has measured. */
export function measureLoad(net, tool, role, options, ...args) {
  const [command, ...words] = enter(net, role, options, tool, ...args.map(String));
  const { stdout, stderr, status } = spawnSync(command, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Starts a process and waits until it has said that it is ready. */
export async function startReady(folder, command, ready = "Ctrl-C to end") {
  const consumer = startConsumer(folder, command);
  while (!`${consumer.readErrors()}${consumer.readOutput()}`.includes(ready)) {
    if (!consumer.isRunning()) throw new Error(`It ended: ${consumer.readErrors()}${consumer.readOutput()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return consumer;
}

/** Writes a file of the bench. */
export function writeText(folder, name, text) {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
