/** An element of an XML text, with as much of the DOM as a picture's own script uses. */
export class XmlElement {
  readonly attributes = new Map<string, string>();
  readonly children: XmlElement[] = [];
  parentNode: XmlElement | undefined;
  textContent = "";

  constructor(readonly name: string) {}

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  /** All elements below it. */
  list(): XmlElement[] {
    return this.children.flatMap((child) => [child, ...child.list()]);
  }

  /** Takes the name of an element, or a class after a dot. */
  querySelectorAll(selector: string): XmlElement[] {
    const isWanted = (element: XmlElement): boolean =>
      selector.startsWith(".")
        ? (element.getAttribute("class") ?? "").split(" ").includes(selector.slice(1))
        : element.name === selector;
    return this.list().filter(isWanted);
  }

  querySelector(selector: string): XmlElement | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }
}

const token =
  /<\?xml [^?]*\?>|<!DOCTYPE html>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([\w-]+)>|<([\w-]+)((?:\s+[\w-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };

/** Characters that no XML text may have. Source: XML 1.0, production 2. */
const forbidden = /[^\t\n\r -\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** Reads an XML text as strictly as the pictures need. @throws Error at what is not well-formed */
export function readXml(text: string): XmlElement {
  const odd = forbidden.exec(text);
  if (odd !== null) throw new Error(`U+${odd[0].codePointAt(0)!.toString(16)} at ${odd.index} is no character of XML`);
  const top = new XmlElement("");
  let open = top;
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`Not well-formed at ${at}: ${text.slice(at, at + 60)}`);
    const [, data, closed, opened, attributes, isEmpty, characters] = match;
    open.textContent += data ?? (characters === undefined ? "" : decode(characters));
    if (closed !== undefined) {
      if (open.name !== closed) throw new Error(`</${closed}> closes <${open.name}> at ${at}`);
      open = open.parentNode!;
    }
    if (opened === undefined) continue;
    const element = new XmlElement(opened);
    for (const [, name, value] of attributes!.matchAll(/([\w-]+)="([^"]*)"/g)) {
      if (element.attributes.has(name!)) throw new Error(`<${opened}> has two attributes "${name}"`);
      element.setAttribute(name!, decode(value!));
    }
    element.parentNode = open;
    open.children.push(element);
    if (isEmpty === "") open = element;
  }
  if (open !== top || top.children.length !== 1)
    throw new Error(`<${open.name}> is not closed, or there is no one root`);
  return top.children[0]!;
}

function decode(text: string): string {
  return text.replace(/&([^;]*;?)/g, (whole, name: string) => {
    const character = entities[name.replace(/;$/, "")];
    if (character === undefined || !name.endsWith(";")) throw new Error(`"${whole}" is no entity`);
    return character;
  });
}
