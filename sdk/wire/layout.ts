/**
 * How a C type lies in memory: what the codec needs to turn bytes into values
 * and back, and nothing else. Plain data (JSON), made from BTF by the host and
 * used by the guest.
 *
 * Units: every size and offset is in bytes; bit-field positions are in bits.
 */
export type Layout = IntLayout | FloatLayout | EnumLayout | PointerLayout | ArrayLayout | StructLayout;

/** An integer that may be wider than a number is exact for. */
export interface WideInteger {
  /** Set where it is read as a number all the same: what it is called in the error about a value that a number would round. */
  readonly numberOf?: string;
}

/** Integers up to 16 bytes; `char` and `bool` say so, since they read as text and truth. */
export interface IntLayout extends WideInteger {
  readonly kind: "int";
  readonly name: string;
  readonly size: 1 | 2 | 4 | 8 | 16;
  readonly signed: boolean;
  readonly encoding?: "char" | "bool";
}

/** `float` and `double`. */
export interface FloatLayout {
  readonly kind: "float";
  readonly name: string;
  readonly size: 4 | 8;
}

/** An enum reads as its number. */
export interface EnumLayout extends WideInteger {
  readonly kind: "enum";
  readonly name: string;
  readonly size: 1 | 2 | 4 | 8;
  readonly signed: boolean;
  /** Enumerator names by value in decimal. */
  readonly values: Readonly<Record<string, string>>;
}

/** A pointer reads as a `bigint` address. */
export interface PointerLayout extends WideInteger {
  readonly kind: "pointer";
  readonly size: 8;
  /** The C type, for messages. */
  readonly name: string;
}

/** An array of known length; more dimensions are arrays of arrays. */
export interface ArrayLayout {
  readonly kind: "array";
  readonly size: number;
  readonly length: number;
  readonly element: Layout;
}

/** A struct or a union. */
export interface StructLayout {
  readonly kind: "struct" | "union";
  /** The C name without `struct`; empty for an anonymous type. */
  readonly name: string;
  readonly size: number;
  readonly members: readonly MemberLayout[];
}

/** One member of a struct or union. */
export interface MemberLayout {
  /** Empty for an anonymous struct or union, whose members then belong to the outer one. */
  readonly name: string;
  readonly offset: number;
  readonly layout: Layout;
  /** Set for bit-fields: position from the struct's start and width. */
  readonly bitOffset?: number;
  readonly bitSize?: number;
}
