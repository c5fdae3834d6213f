/**
 * clang's JSON AST (`-Xclang -ast-dump=json`), as far as the dialect reads it.
 * clang 12 to 19 give the same shape; a field that is not in every node is
 * optional.
 */
export interface Ast extends AstNode {
  readonly kind: "TranslationUnitDecl";
}

/** A node: a declaration, statement, expression or attribute. */
export interface AstNode {
  readonly id?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly loc?: AstLocation;
  readonly range?: { readonly begin: AstLocation; readonly end: AstLocation };
  readonly type?: AstType;
  /** Declarations and expressions below this one, in text order. Null entries stand for parts that were left out (`for (;;)`). */
  readonly inner?: readonly (AstNode | Record<string, never>)[];
  /** The initialisers of an array that are fewer than its elements stand here and not in `inner`. */
  readonly array_filler?: readonly (AstNode | Record<string, never>)[];
  readonly isArrow?: boolean;
  readonly opcode?: string;
  readonly castKind?: string;
  readonly valueCategory?: string;
  /** On a field's declaration only. */
  readonly isBitfield?: boolean;
  readonly value?: string | number | boolean;
  readonly referencedDecl?: AstNode;
  readonly referencedMemberDecl?: string;
  readonly storageClass?: string;
  readonly isImplicit?: boolean;
  readonly isUsed?: boolean;
  /** On the association of a `_Generic` that is taken; it has no kind. */
  readonly selected?: boolean;
  readonly inline?: boolean;
  readonly previousDecl?: string;
  readonly tagUsed?: string;
  readonly completeDefinition?: boolean;
}

export interface AstType {
  readonly qualType: string;
  readonly desugaredQualType?: string;
}

/**
 * A place. Units: `offset` and `tokLen` in bytes of the file. Within macros the
 * two halves tell where the token is spelled and where the macro is expanded.
 */
export interface AstLocation {
  readonly offset?: number;
  readonly file?: string;
  readonly line?: number;
  readonly col?: number;
  readonly tokLen?: number;
  readonly includedFrom?: { readonly file?: string };
  readonly spellingLoc?: AstLocation;
  readonly expansionLoc?: AstLocation & { readonly isMacroArgExpansion?: boolean };
}
