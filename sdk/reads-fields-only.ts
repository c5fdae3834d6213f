import type { StructLayout } from "./layout.ts";

/**
 * Whether a callback's text shows that all it does with its first parameter is to name fields of `layout`, so that
 * nobody can tell one object that is filled again from a new one. Whatever is not plainly so answers false: the event
 * handed on, kept or compared, and a function within the callback, which may look at the event later.
 */
export function readsFieldsOnly(callback: (...values: never[]) => unknown, layout: StructLayout): boolean {
  const text = Function.prototype.toString.call(callback);
  if (unclear.test(text)) return false;
  if (withoutEvent.test(text)) return true;
  const head = withEvent.exec(text);
  if (head === null) return false;
  const name = head[1];
  // Its fields are taken apart before the first line runs.
  if (name === undefined) return true;
  const rest = text.slice(head[0].length);
  return !haveInnerFunction(rest, text.startsWith("function") ? 0 : 1) && haveOnlyReads(rest, name, new Set(listFieldNames(layout)));
}

const unclear = /\b(?:async|await|yield|arguments|eval|with|class|this|super|__proto__)\b|\\u|\[native code\]/;
const withoutEvent = /^(?:function\b\s*[\w$]*\s*)?\(\s*\)/;
const withEvent = /^(?:function\b\s*[\w$]*\s*)?\(?\s*(?:([A-Za-z_$][\w$]*)|\{[^{}.[\]]*\})\s*(?=[,)=])/;
const blockHead = /([\w$"'\]]*)\s*\((?:[^()]|\([^()]*\))*\)\s*\{/g;
const controlWords = new Set(["if", "for", "while", "switch", "catch"]);

/** Whether there are arrows besides the callback's own, functions, or methods of an object. */
function haveInnerFunction(text: string, ownArrows: number): boolean {
  if (/\bfunction\b/.test(text) || text.split("=>").length - 1 !== ownArrows) return true;
  return [...text.matchAll(blockHead)].some(([, word]) => !controlWords.has(word!));
}

function haveOnlyReads(text: string, name: string, fields: ReadonlySet<string>): boolean {
  const uses = text.matchAll(new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`, "g"));
  return [...uses].every(({ index }) => {
    const isMember = text[index - 1] === "." && text.slice(index - 3, index) !== "...";
    return isMember || fields.has(/^\.([A-Za-z_$][\w$]*)/.exec(text.slice(index + name.length))?.[1] ?? "");
  });
}

function listFieldNames(layout: StructLayout): string[] {
  return layout.members.flatMap(({ name, layout: inner }) => (name === "" && "members" in inner ? listFieldNames(inner) : [name]));
}
