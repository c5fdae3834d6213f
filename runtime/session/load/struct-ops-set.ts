import { AttachError, UnsupportedFeatureError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import { describeTableFailure, describeTableFlags, registerTable } from "../../kernel/hooks/struct-ops.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { LoadedObject } from "../../kernel/load/load-object.ts";
import type { ObjectSpec, StructOpsSpec } from "../../object/spec.ts";
import { showStructOps } from "../../object/struct-ops.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import type { UnverifiedFunction } from "./program.ts";

/** What a set of tables needs of the program that it belongs to. */
export interface StructOpsOptions {
  readonly port: KernelPort;
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
  readonly programs: readonly ProgramDecl[];
  readonly object: LoadedObject;
  /** Source: LINUX_VERSION_CODE. */
  readonly versionCode: number;
  /** @throws PrivilegeError when the user has not allowed it */
  admit(program: ProgramRequest): void;
}

interface RegisteredTable {
  readonly link: Handle;
  readonly object: Handle;
}

/** The tables of functions that a program has registered with the kernel. Owner: whoever made it closes it. */
export class StructOpsSet {
  private readonly registered = new Map<string, RegisteredTable>();
  private readonly seen = new Set<string>();

  constructor(private readonly options: StructOpsOptions) {}

  /** Loads a table's functions and registers it. @throws AttachError, PrivilegeError, UnsupportedFeatureError, VerifierError */
  attach(name: string, registers: boolean): void {
    const table = this.requireTable(name, "attach");
    if (this.registered.has(name))
      throw new AttachError(`Cannot attach "${name}": it is attached already`, { reason: "exists" });
    const object = this.load(table);
    try {
      if (registers) this.registered.set(name, { link: registerTable(this.options.port, object, table), object });
    } finally {
      if (!this.registered.has(name)) this.options.port.objectClose(object);
    }
  }

  /** Takes a table back. @throws AttachError when it is not attached */
  detach(name: string): void {
    this.requireTable(name, "detach");
    const found = this.registered.get(name);
    if (found === undefined) throw new AttachError(`Cannot detach "${name}": it is not attached`);
    this.registered.delete(name);
    this.take(found);
  }

  /** Has the verifier look at the tables that nothing attached. Answers the functions that it could not look at. @throws VerifierError */
  verify(): UnverifiedFunction[] {
    const tables = this.options.spec.structOps ?? [];
    return tables.flatMap((table) => {
      if (this.seen.has(table.name)) return [];
      try {
        this.options.port.objectClose(this.load(table));
        return [];
      } catch (error) {
        if (!(error instanceof UnsupportedFeatureError)) throw error;
        const reason = `nothing attaches "${table.name}" here, and this kernel cannot load it: ${error.message}`;
        return table.members.map(({ program }) => ({ name: program, reason }));
      }
    });
  }

  close(): void {
    for (const table of [...this.registered.values()].reverse()) this.take(table);
    this.registered.clear();
  }

  private take({ link, object }: RegisteredTable): void {
    this.options.port.linkClose(link);
    this.options.port.objectClose(object);
  }

  private load(table: StructOpsSpec): Handle {
    const { bytes, spec, object, versionCode, programs, admit } = this.options;
    const members = table.members.map(({ name, program }) => {
      const declared = programs.find((decl) => decl.name === program);
      if (declared?.kind === "struct_ops") return { name: program, kind: "section" } as const;
      throw new AttachError(
        `Cannot attach "${table.name}": its member .${name} is "${program}", no program of struct_ops`,
        {
          hint: `write SEC("struct_ops/${name}") before the function`,
        },
      );
    });
    for (const member of members) admit(member);
    this.seen.add(table.name);
    try {
      return object.loadTable({
        bytes: showStructOps(bytes),
        name: table.name,
        flags: describeTableFlags(versionCode),
        others: (spec.structOps ?? []).filter(({ name }) => name !== table.name).map(({ name }) => name),
        programs: members,
      });
    } catch (error) {
      throw describeTableFailure(table, error);
    }
  }

  private requireTable(name: string, action: string): StructOpsSpec {
    const tables = this.options.spec.structOps ?? [];
    const found = tables.find((table) => table.name === name);
    if (found !== undefined) return found;
    const names = tables.map((table) => table.name);
    const similar = findSimilar(name, names);
    throw new AttachError(`Cannot ${action} "${name}": the C text has no such table of struct_ops`, {
      reason: "no_such_place",
      hint:
        similar !== undefined
          ? `did you mean "${similar}"?`
          : names.length > 0
            ? `it has ${names.join(", ")}`
            : `declare one: struct tcp_congestion_ops ${name} SEC(".struct_ops") = { … };`,
    });
  }
}
