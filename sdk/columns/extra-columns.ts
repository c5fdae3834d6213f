import { is_json_output } from "../print/row-printer.ts";
import type { AddedColumn, BindRow } from "../print/added-columns.ts";
import { strftime } from "../time/time-format.ts";
import { user_name } from "../queries/users.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { ContainerReply } from "../wire/container-reply.ts";
import type { ExtraColumn } from "../wire/row-choice.ts";
import { openProcessCache } from "./process-cache.ts";

/** Names of members that say whose a row is. */
const pidNames = ["pid", "tgid"];
const cgroupNames = ["cgroup", "cgroup_id", "cgid"];

/** Makes the columns that the user adds to rows; `bind` finds a row's own fields. */
export function makeExtraColumns(names: readonly ExtraColumn[], bind: BindRow): readonly AddedColumn[] {
  const readPid = bind(pidNames);
  const readCgroup = bind(cgroupNames);
  const readUid = bind(["uid"]);
  const requirePid = (row: unknown, column: ExtraColumn): number => {
    const pid = readPid(row);
    if (typeof pid === "number" || typeof pid === "bigint") return Number(pid);
    throw makeArgumentError(
      `--columns +${column}: the rows do not say whose they are`,
      `it takes rows with a field ${pidNames.join(" or ")}${column === "user" ? ", or uid" : `, or ${cgroupNames.join(", ")}`}`,
    );
  };
  const findContainer = (row: unknown, column: ExtraColumn): ContainerReply | null => {
    const cgroup = readCgroup(row);
    if (typeof cgroup === "bigint") return containersOfCgroups.find(cgroup);
    return containersOfProcesses.find(requirePid(row, column));
  };
  const findUser = (row: unknown): string | null => {
    const uid = readUid(row);
    if (typeof uid === "number" || typeof uid === "bigint") return user_name(Number(uid));
    const found = users.find(requirePid(row, "user"));
    return found === null ? null : user_name(found);
  };
  const columns: Readonly<Record<ExtraColumn, AddedColumn>> = {
    time: { head: "TIME", name: "time", format: "%-12s", value: renderTime },
    container: column("container", "%-20s", (row) => findContainer(row, "container")?.name),
    pod: column("pod", "%-30s", (row) => findContainer(row, "pod")?.pod),
    user: column("user", "%-12s", findUser),
  };
  return names.map((name) => columns[name]);
}

const containersOfProcesses = openProcessCache((pid: number) => callHost("find_container", { pid }));
const containersOfCgroups = openProcessCache((id: bigint) => callHost("find_container", { cgroup: String(id) }));
const users = openProcessCache((pid: number) => callHost("find_process_user", { pid }));

function column(name: ExtraColumn, format: string, find: (row: unknown) => string | null | undefined): AddedColumn {
  const missing = (): string | null => (is_json_output() ? null : "-");
  return { head: name.toUpperCase(), name, format, value: (row) => find(row) ?? missing() };
}

/** When the row is printed. */
function renderTime(): string {
  const now = new Date();
  if (is_json_output()) return now.toISOString();
  return `${strftime("%H:%M:%S", now)}.${String(now.getMilliseconds()).padStart(3, "0")}`;
}
