import { callHost } from "../wire/host.ts";

let users: readonly (readonly [name: string, uid: number])[] | undefined;

function listUsers(): readonly (readonly [name: string, uid: number])[] {
  users ??= callHost("list_users", null);
  return users;
}

/**
 * The name of a user by the number, as this machine's /etc/passwd has it; the number as text when it has none.
 *
 * @example
 * import { print, user_name } from "bpfts";
 * print(user_name(0)); // root
 */
export function user_name(uid: number): string {
  return listUsers().find(([, number]) => number === uid)?.[0] ?? String(uid);
}

/**
 * The number of a user by the name; undefined when this machine's /etc/passwd has no such user.
 *
 * @example
 * import { print, user_id } from "bpfts";
 * print(user_id("root")); // 0
 */
export function user_id(name: string): number | undefined {
  return listUsers().find(([known]) => known === name)?.[1];
}
