import { makeMapError } from "./errors.ts";
import { Table } from "./table.ts";

/** Stack traces by the id that `get_stackid` answered in the program. */
export class StackTraceTable extends Table<number, { readonly ip: readonly bigint[] }> {
  /**
   * The addresses of a stack, innermost first; with `resolve`, what it makes of each.
   *
   * @throws BpfError when there is no such stack: the id is an error code, or its slot was taken by another stack
   */
  walk(stack_id: number | bigint): bigint[];
  walk<T>(stack_id: number | bigint, resolve: (address: bigint) => T): T[];
  walk<T>(stack_id: number | bigint, resolve?: (address: bigint) => T): (bigint | T)[] {
    const id = Number(stack_id);
    const addresses = id < 0 ? undefined : this.findStack(id);
    if (addresses === undefined) {
      throw makeMapError(
        `Cannot walk stack ${id} of "${this.name}": ${id < 0 ? `get_stackid failed with error ${-id}` : "there is no such stack"}`,
        id === -17 ? "another stack has the slot: make the table larger" : "a negative id is an error that the program should not store",
      );
    }
    return resolve === undefined ? addresses : addresses.map(resolve);
  }

  private findStack(id: number): bigint[] | undefined {
    const leaf = this.get(id) as unknown;
    if (leaf === undefined) return undefined;
    const values = (Array.isArray(leaf) ? leaf : Object.values(leaf as object)[0]) as readonly bigint[];
    const end = values.indexOf(0n);
    return values.slice(0, end < 0 ? values.length : end);
  }
}
