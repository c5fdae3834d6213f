/** Says of functions whether they are the one that somebody named. */
export interface NameMatch {
  /** A quick look at the mangled name: false for what it cannot be. */
  maybe(mangled: string): boolean;
  surely(demangled: string): boolean;
}

/**
 * Compares names as people write them with demangled ones: with or without the parameters, without the type that a template's instance answers, which
 * `shop::largest<int>` has before its name, and without the brackets that Rust puts around a method's type. Spaces do not count.
 */
export function matchDemangled(wanted: string): NameMatch {
  const word = findWord(wanted);
  const packed = packName(wanted);
  return {
    maybe: (mangled) => word === undefined || mangled.includes(word),
    surely: (demangled) =>
      listSpellings(demangled).some(
        (spelling) => packName(spelling) === packed || packName(nameType(spelling)) === packed,
      ),
  };
}

/** Operators with brackets in their names, and arrows in types: no brackets of the name that they stand in. */
const notBrackets = /(?<=\boperator)(?:\(\)|\[\]|<=>|<<=|>>=|<<|>>|<=|>=|->\*|<|>)|->/g;
const closers: Readonly<Record<string, string>> = { "<": ">", "(": ")", "[": "]", "{": "}" };

/** `#` for each character that brackets enclose, and for the brackets of operators. */
function hideBrackets(name: string): string {
  const open: string[] = [];
  return name
    .replace(notBrackets, (text) => "#".repeat(text.length))
    .replace(/[^]/g, (character) => {
      if (character === open.at(-1)) open.pop();
      const shown = open.length === 0 ? character : "#";
      if (closers[character] !== undefined) open.push(closers[character]);
      return shown;
    });
}

/** `int shop::largest<int>(int) const` is also `int shop::largest<int>`, `shop::largest<int>(int) const` and `shop::largest<int>`. */
function listSpellings(name: string): [string, string, string, string] {
  const text = name.replace(/(?: \[clone [^\]]*\])+$/, "");
  const shape = hideBrackets(text);
  // The parameters are the last round brackets that no name goes on behind; `(anonymous namespace)` is a name.
  const end = /\(#*\)(?!::)[^(]*$/.exec(shape)?.index ?? text.length;
  const start =
    shape
      .slice(0, end)
      .replace(/\boperator\b.*$/, "")
      .lastIndexOf(" ") + 1;
  return [text, text.slice(0, end), text.slice(start), text.slice(start, end)];
}

/** A method of Rust's, `<shop::Basket<u32>>::add`, as it is written in a program: `shop::Basket<u32>::add`. One of a trait stays as it is. */
function nameType(name: string): string {
  const type = /^<(#+)>(?=::)/.exec(hideBrackets(name))?.[1]?.length ?? 0;
  const inner = name.slice(1, 1 + type);
  return type === 0 || hideBrackets(inner).includes(" as ") ? name : inner + name.slice(type + 2);
}

/** The last word of a name stands in its mangled form, too, so that few names have to be demangled. Operators stand there in signs. */
function findWord(wanted: string): string | undefined {
  const plain = listSpellings(wanted)[3];
  return /\boperator\b/.test(plain) ? undefined : hideBrackets(plain).match(/\w+/g)?.at(-1);
}

const packName = (name: string): string => name.replaceAll(" ", "");
