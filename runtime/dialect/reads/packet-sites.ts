import { listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import type { EditList } from "../text/edits.ts";
import { findPacketField, packetHeaders } from "../words/packets.ts";
import type { PacketField } from "../words/packets.ts";
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
  const headers = { ...packetHeaders, ...findOwnHeaders(ast) };
  const visit = (node: AstNode, packet: string): void => {
    const children = listChildren(node);
    const isLoad = node.kind === "ImplicitCastExpr" && node.castKind === "LValueToRValue";
    const isStore = node.kind === "BinaryOperator" && node.opcode === "=";
    const target = isLoad || isStore ? children[0] : undefined;
    const field = target === undefined ? undefined : findField(target, headers);
    if (target !== undefined && field !== undefined) {
      const site = describe(isStore ? node : target, target, field, packet, isStore);
      if (site !== undefined) sites.set(site.range.start, site);
    }
    for (const child of children) visit(child, packet);
  };
  const describe = (
    whole: AstNode,
    member: AstNode,
    field: { offset: number; width: number },
    packet: string,
    isWrite: boolean,
  ): PacketSite | undefined => {
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

function findField(
  node: AstNode,
  headers: Readonly<Record<string, readonly PacketField[]>>,
): { offset: number; width: number } | undefined {
  const base = listChildren(node)[0];
  if (node.kind !== "MemberExpr" || node.isArrow !== true || base === undefined || node.name === undefined)
    return undefined;
  const header = findPointee(base)?.replace(/^struct /, "");
  return header === undefined ? undefined : findPacketField(headers, header, node.name);
}

const typeBits: Readonly<Record<string, number>> = {
  char: 8,
  "unsigned char": 8,
  "signed char": 8,
  short: 16,
  "unsigned short": 16,
  int: 32,
  "unsigned int": 32,
  long: 64,
  "unsigned long": 64,
  "long long": 64,
  "unsigned long long": 64,
};

/** The headers that the text declares itself and marks with `BPF_PACKET_HEADER`; it marks nothing else with an annotation. */
function findOwnHeaders(ast: Ast): Record<string, PacketField[]> {
  const headers: Record<string, PacketField[]> = {};
  for (const record of listChildren(ast)) {
    const children = listChildren(record);
    if (
      record.kind !== "RecordDecl" ||
      record.name === undefined ||
      !children.some((child) => child.kind === "AnnotateAttr")
    )
      continue;
    headers[record.name] = children
      .filter((child) => child.kind === "FieldDecl")
      .map((field) => [field.name ?? "", findFieldBits(field)]);
  }
  return headers;
}

function findFieldBits(field: AstNode): number {
  if (field.isBitfield === true) return Number(listChildren(field)[0]?.value ?? 0);
  const match = /^([\w ]+?)(?:\[(\d+)\])?$/.exec(field.type?.desugaredQualType ?? field.type?.qualType ?? "");
  return (typeBits[match?.[1] ?? ""] ?? 0) * Number(match?.[2] ?? 1);
}

/** Turns the uses into loads from and stores to the packet. */
export function editPacketSites(edits: EditList, sites: readonly PacketSite[], base: number): void {
  for (const site of sites) {
    edits.insert(site.range.start - base, `bpfts_packet_${site.isWrite ? "write" : "read"}(${site.packet}, (u64)(`);
    edits.replace(
      site.base.end - base,
      site.headEnd - base,
      `), ${site.offset}, ${site.width}${site.isWrite ? "," : ")"}`,
    );
    if (site.isWrite) edits.insert(site.range.end - base, ")");
  }
}
