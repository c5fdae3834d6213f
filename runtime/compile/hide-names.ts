/** What is put behind an enumerator or a typedef of the kernel's that must not stand in the way of a text's own name. */
const hidden = "___kernel";

/**
 * Renames enumerators and typedefs in libbpf's C dump of a BTF, so that their names are free.
 * An enumerator stands in such a dump where it gets its value and nowhere else; a typedef where a type may stand.
 */
export function hideNames(dump: string, names: readonly string[]): string {
  if (names.length === 0) return dump;
  const any = `(?:${names.join("|")})`;
  const enumerator = new RegExp(`^(\\t+${any})(?= = -?\\d)`, "gm");
  const definition = new RegExp(`^(?:typedef .*?|\\}.*? )\\b${any}(?=;$|\\[|\\)\\()`, "gm");
  // A member's name is followed by a sign; behind a tag word stands the tag of that name.
  const use = new RegExp(`(?<!(?:struct|union|enum) |[*.])\\b${any}(?= [\\w(*]|[,)])`, "g");
  return dump.replace(enumerator, `$1${hidden}`).replace(definition, `$&${hidden}`).replace(use, `$&${hidden}`);
}
