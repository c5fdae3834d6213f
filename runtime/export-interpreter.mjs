/** The name under which QuickJS's interpreter is exported. */
const INTERPRETER = "interpreter";

const IMPORTS = 2;
const EXPORTS = 7;
const CODE = 10;
const FUNCTION = 0;
const TABLE = 1;
const MEMORY = 2;

/**
 * Adds an export to a Wasm file: its largest function, which in QuickJS is the interpreter. Then the host can ask V8 whether it was optimised.
 * Source: the WebAssembly Core Specification, 5.5, Modules.
 */
export function exportInterpreter(bytes) {
  const sections = listSections(bytes);
  const find = (id) => sections.find((section) => section.id === id);
  const number = countImportedFunctions(bytes, find(IMPORTS)) + findLargest(bytes, find(CODE));
  const exported = find(EXPORTS);
  const [count, at] = readNumber(bytes, exported.at);
  const body = Buffer.concat([
    writeNumber(count + 1),
    bytes.subarray(at, exported.end),
    writeNumber(INTERPRETER.length),
    Buffer.from(INTERPRETER),
    Buffer.of(FUNCTION),
    writeNumber(number),
  ]);
  return Buffer.concat([
    bytes.subarray(0, exported.start),
    Buffer.of(EXPORTS),
    writeNumber(body.length),
    body,
    bytes.subarray(exported.end),
  ]);
}

function listSections(bytes) {
  const sections = [];
  for (let start = 8; start < bytes.length; ) {
    const [size, at] = readNumber(bytes, start + 1);
    sections.push({ id: bytes[start], start, at, end: at + size });
    start = at + size;
  }
  return sections;
}

function countImportedFunctions(bytes, section) {
  if (section === undefined) return 0;
  let [left, at] = readNumber(bytes, section.at);
  let functions = 0;
  const skipNumber = () => ([, at] = readNumber(bytes, at));
  const skipName = () => {
    const [length, start] = readNumber(bytes, at);
    at = start + length;
  };
  const skipLimits = () => {
    const hasMost = (bytes[at++] & 1) !== 0;
    skipNumber();
    if (hasMost) skipNumber();
  };
  for (; left > 0; left--) {
    skipName();
    skipName();
    const kind = bytes[at++];
    if (kind === FUNCTION) {
      functions++;
      skipNumber();
    } else if (kind === TABLE) {
      at++;
      skipLimits();
    } else if (kind === MEMORY) skipLimits();
    else at += 2;
  }
  return functions;
}

function findLargest(bytes, section) {
  const [count, first] = readNumber(bytes, section.at);
  let largest = { number: 0, size: 0 };
  for (let number = 0, at = first; number < count; number++) {
    const [size, start] = readNumber(bytes, at);
    if (size > largest.size) largest = { number, size };
    at = start + size;
  }
  return largest.number;
}

/** LEB128, unsigned. */
function readNumber(bytes, start) {
  let value = 0;
  let at = start;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at];
  }
}

function writeNumber(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}
