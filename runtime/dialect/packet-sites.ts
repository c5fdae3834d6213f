import { listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import type { EditList } from "./edits.ts";
import { findPacketField } from "./packets.ts";
import type { TextPlaces, TextRange } from "./places.ts";
import { findBody, findPointee } from "./provenance.ts";

/** One use of a packet header's field: `ip->ttl`, or an assignment to it. */
export interface PacketSite {
  readonly range: TextRange;
  /** The pointer's text, which ends where the `->` begins. */
  readonly base: TextRange;
  /** The end of the field's name, or of the `=` behind it. */
  readonly headEnd: number;
  readonly packet: string;
  readonly offset: number;
  readonly width: number;
  readonly isWrite: boolean;
}

/**
 * Finds the fields of packet headers that a text reads and assigns. Source:
 * BCC's packet rewriting; `<bcc/proto.h>` declares the headers.
 */
export function findPacketSites(ast: Ast, places: TextPlaces): PacketSite[] {
  const sites = new Map<number, PacketSite>();
  const visit = (node: AstNode, packet: string): void => {
    const children = listChildren(node);
    const isLoad = node.kind === "ImplicitCastExpr" && node.castKind === "LValueToRValue";
    const isStore = node.kind === "BinaryOperator" && node.opcode === "=";
    const target = isLoad || isStore ? children[0] : undefined;
    const field = target === undefined ? undefined : findField(target);
    if (target !== undefined && field !== undefined) {
      const site = describe(isStore ? node : target, target, field, packet, isStore);
      if (site !== undefined) sites.set(site.range.start, site);
    }
    for (const child of children) visit(child, packet);
  };
  const describe = (whole: AstNode, member: AstNode, field: { offset: number; width: number }, packet: string, isWrite: boolean): PacketSite | undefined => {
    const range = places.findRange(whole);
    const memberRange = places.findRange(member);
    const base = places.findRange(listChildren(member)[0]!);
    if (range === undefined || memberRange === undefined || base === undefined) return undefined;
    const assign = isWrite ? places.findToken({ start: memberRange.end, end: range.end }, "=") : undefined;
    if (isWrite && assign === undefined) return undefined;
    return { range, base, headEnd: assign?.end ?? memberRange.end, packet, ...field, isWrite };
  };
  for (const fn of listChildren(ast)) {
    const body = fn.kind === "FunctionDecl" ? findBody(fn) : undefined;
    const packet = listChildren(fn).find((child) => child.kind === "ParmVarDecl")?.name;
    if (body !== undefined && packet !== undefined) visit(body, packet);
  }
  return [...sites.values()];
}

function findField(node: AstNode): { offset: number; width: number } | undefined {
  const base = listChildren(node)[0];
  if (node.kind !== "MemberExpr" || node.isArrow !== true || base === undefined || node.name === undefined) return undefined;
  const header = findPointee(base)?.replace(/^struct /, "");
  return header === undefined ? undefined : findPacketField(header, node.name);
}

/** Turns the uses into loads from and stores to the packet. */
export function editPacketSites(edits: EditList, sites: readonly PacketSite[], base: number): void {
  for (const site of sites) {
    edits.insert(site.range.start - base, `bpfts_packet_${site.isWrite ? "write" : "read"}(${site.packet}, (u64)(`);
    edits.replace(site.base.end - base, site.headEnd - base, `), ${site.offset}, ${site.width}${site.isWrite ? "," : ")"}`);
    if (site.isWrite) edits.insert(site.range.end - base, ")");
  }
}
