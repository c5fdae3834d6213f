/**
 * Packages that scripts are likely to import, each with a piece of work that prints what it came to. The same file runs in Node, whose output is the
 * truth. Versions are fixed, so that the table says something of bpfts and not of today's registry.
 */
export const packages = {
  "lodash-es": [
    "4.17.21",
    `import { groupBy, sortBy } from "lodash-es"; say(groupBy([1, 2, 3], (n) => n % 2), sortBy([3, 1, 2]));`,
  ],
  zod: [
    "4.1.12",
    `import { z } from "zod"; const s = z.object({ pid: z.number().int(), url: z.url(), big: z.bigint() }); say(s.parse({ pid: 1, url: "http://a.b/", big: 5n }).pid, s.safeParse({ pid: "x" }).success);`,
  ],
  minimist: ["1.2.8", `import minimist from "minimist"; say(minimist(["-p", "12", "--name=x", "rest"]));`],
  mri: ["1.2.0", `import mri from "mri"; say(mri(["-p", "12", "--name=x", "rest"]));`],
  getopts: ["2.3.0", `import getopts from "getopts"; say(getopts(["-p", "12", "--name=x"]));`],
  arg: ["5.0.2", `import arg from "arg"; say(arg({ "--pid": Number, "-p": "--pid" }, { argv: ["-p", "12", "x"] }));`],
  chalk: [
    "5.6.2",
    `import { Chalk } from "chalk"; const c = new Chalk({ level: 1 }); say(c.red("a") + c.bold.blue("b"));`,
  ],
  kleur: ["4.1.5", `import kleur from "kleur"; kleur.enabled = true; say(kleur.red().bold("a"));`],
  picocolors: [
    "1.1.1",
    `import pc from "picocolors"; say(typeof pc.red("a"), pc.isColorSupported === (pc.red("a") !== "a"));`,
  ],
  "date-fns": [
    "4.1.0",
    `import { formatISO, addDays, formatDistanceStrict } from "date-fns"; say(addDays(new Date(0), 3).toISOString(), formatDistanceStrict(new Date(0), new Date(9e7)), typeof formatISO(new Date(0)));`,
  ],
  dayjs: [
    "1.11.19",
    `import dayjs from "dayjs"; say(dayjs(0).add(2, "day").toISOString(), dayjs(86400000).diff(dayjs(0), "hour"));`,
  ],
  "pretty-bytes": [
    "7.1.0",
    `import prettyBytes from "pretty-bytes"; say(prettyBytes(1337), prettyBytes(123456789n), prettyBytes(1024, { binary: true }));`,
  ],
  "pretty-ms": [
    "9.3.0",
    `import prettyMs from "pretty-ms"; say(prettyMs(1337000000), prettyMs(95500), prettyMs(133, { compact: true }));`,
  ],
  "d3-array": [
    "3.2.4",
    `import { bin, quantile, rollup } from "d3-array"; say(bin()([1, 2, 3, 9]).length, quantile([1, 2, 3, 4], 0.9), [...rollup(["a", "b", "a"], (v) => v.length, (d) => d)]);`,
  ],
  "simple-statistics": [
    "7.8.8",
    `import { mean, standardDeviation, quantile } from "simple-statistics"; say(mean([1, 2, 3]), standardDeviation([1, 2, 3]).toFixed(5), quantile([1, 2, 3, 4], 0.5));`,
  ],
  mnemonist: [
    "0.40.3",
    `import { Heap, LRUCache } from "mnemonist"; const h = new Heap(); for (const n of [3, 1, 2]) h.push(n); const l = new LRUCache(2); l.set("a", 1); say(h.pop(), l.get("a"));`,
  ],
  tdigest: [
    "0.1.2",
    `import tdigest from "tdigest"; const t = new tdigest.TDigest(); for (let i = 0; i < 1000; i++) t.push(i); t.compress(); say(Math.round(t.percentile(0.5) / 50));`,
  ],
  "lru-cache": [
    "11.2.2",
    `import { LRUCache } from "lru-cache"; const c = new LRUCache({ max: 2, ttl: 1e6 }); c.set(1, "a").set(2, "b").set(3, "c"); say(c.get(1), c.get(3), c.size, await c.fetch(3));`,
  ],
  immer: [
    "10.2.0",
    `import { produce, enableMapSet } from "immer"; enableMapSet(); const a = { list: [1], map: new Map([["k", 1]]) }; const b = produce(a, (d) => { d.list.push(2); d.map.set("k", 2); }); say(a.list, b.list, b.map.get("k"));`,
  ],
  "ipaddr.js": [
    "2.2.0",
    `import ipaddr from "ipaddr.js"; say(ipaddr.parse("2001:db8::1").toNormalizedString(), ipaddr.parse("10.1.2.3").match(ipaddr.parseCIDR("10.0.0.0/8")));`,
  ],
  protobufjs: [
    "7.5.4",
    `import protobuf from "protobufjs/light.js"; const T = new protobuf.Type("T").add(new protobuf.Field("pid", 1, "uint32")).add(new protobuf.Field("comm", 2, "string")).add(new protobuf.Field("ns", 3, "uint64")); new protobuf.Root().add(T); const bytes = T.encode({ pid: 300, comm: "bäsh", ns: 5 }).finish(); say([...bytes], T.decode(bytes).comm);`,
  ],
  "hdr-histogram-js": [
    "3.0.1",
    `import * as hdr from "hdr-histogram-js"; const h = hdr.build(); for (let i = 1; i < 1000; i++) h.recordValue(i); say(h.getValueAtPercentile(99), h.mean.toFixed(2), h.totalCount);`,
  ],
  asciichart: ["1.5.25", `import asciichart from "asciichart"; say(asciichart.plot([1, 2, 3, 2, 1], { height: 3 }));`],
  "cli-table3": [
    "0.6.5",
    `import Table from "cli-table3"; const t = new Table({ head: ["a", "b"], style: { head: [], border: [] } }); t.push(["1", "ä"]); say(t.toString());`,
  ],
  columnify: [
    "1.6.0",
    `import columnify from "columnify"; say(columnify([{ pid: 1, comm: "bash" }, { pid: 22, comm: "x" }]));`,
  ],
  "console-table-printer": [
    "2.14.6",
    `import { Table } from "console-table-printer"; const t = new Table({ columns: [{ name: "a" }] }); t.addRow({ a: 1 }); say(t.render().replace(/\\x1b\\[\\d+m/g, ""));`,
  ],
  "string-width": [
    "8.1.0",
    `import stringWidth from "string-width"; say(stringWidth("古a👩‍👩‍👦"), stringWidth("\\x1b[31mred\\x1b[0m"));`,
  ],
  semver: [
    "7.7.3",
    `import semver from "semver"; say(semver.satisfies("6.1.20", ">=5.8 <7"), semver.coerce("6.12.48-1")?.version);`,
  ],
  picomatch: [
    "4.0.3",
    `import picomatch from "picomatch"; say(picomatch("*.{c,h}")("a.c"), picomatch("**/x")("a/b/x"), picomatch("!a*")("ab"));`,
  ],
  valibot: [
    "1.1.0",
    `import * as v from "valibot"; const s = v.object({ pid: v.pipe(v.number(), v.minValue(1)) }); say(v.parse(s, { pid: 2 }), v.safeParse(s, { pid: 0 }).success);`,
  ],
  superstruct: [
    "2.0.2",
    `import { object, number, string, is } from "superstruct"; const S = object({ pid: number(), comm: string() }); say(is({ pid: 1, comm: "x" }, S), is({ pid: "1" }, S));`,
  ],
  json5: [
    "2.2.3",
    `import JSON5 from "json5"; say(JSON5.parse("{a: 0x10, /* c */ b: 'x',}"), JSON5.stringify({ a: 1 }));`,
  ],
  yaml: [
    "2.8.1",
    `import { parse, stringify } from "yaml"; say(parse("a: 1\\nb: [x, 2.5]\\nc: |\\n  text\\n"), stringify({ a: [1, { b: null }] }));`,
  ],
  papaparse: [
    "5.5.3",
    `import Papa from "papaparse"; say(Papa.parse('a,b\\n1,"x,y"', { header: true }).data, Papa.unparse([{ a: 1, b: "q,r" }]));`,
  ],
  "csv-stringify": [
    "6.6.0",
    `import { stringify } from "csv-stringify/sync"; say(stringify([{ pid: 1, comm: "a,b" }], { header: true }));`,
  ],
  long: [
    "5.3.2",
    `import Long from "long"; say(Long.fromString("18446744073709551615", true).shiftRight(4).toString(), Long.fromNumber(-5).toString(16));`,
  ],
  mitt: [
    "3.0.1",
    `import mitt from "mitt"; const e = mitt(); const got = []; e.on("*", (t, v) => got.push([t, v])); e.emit("x", 1); say(got);`,
  ],
  eventemitter3: [
    "5.0.1",
    `import EventEmitter from "eventemitter3"; const e = new EventEmitter(); const got = []; e.once("x", (v) => got.push(v)); e.emit("x", 1); e.emit("x", 2); say(got, e.listenerCount("x"));`,
  ],
  "p-queue": [
    "9.0.0",
    `import PQueue from "p-queue"; const q = new PQueue({ concurrency: 2 }); const got = []; for (const n of [1, 2, 3]) void q.add(async () => { got.push(n); }); await q.onIdle(); say(got);`,
  ],
  rxjs: [
    "7.8.2",
    `import { from, map, bufferCount, lastValueFrom, toArray, timer, take } from "rxjs"; say(await lastValueFrom(from([1, 2, 3, 4]).pipe(map((n) => n * 2), bufferCount(2), toArray())), await lastValueFrom(timer(0, 5).pipe(take(3))));`,
  ],
  effect: [
    "3.18.4",
    `import { Effect, Schema } from "effect"; say(await Effect.runPromise(Effect.gen(function* () { yield* Effect.sleep("5 millis"); return (yield* Effect.succeed(20)) + 1; })), Schema.decodeUnknownSync(Schema.Struct({ pid: Schema.Number }))({ pid: 1 }));`,
  ],
  uuid: [
    "13.0.0",
    `import { v4, v5, v7, validate } from "uuid"; say(validate(v4()), validate(v7()), v5("x", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"));`,
  ],
  nanoid: [
    "5.1.6",
    `import { nanoid, customAlphabet } from "nanoid"; say(nanoid().length, customAlphabet("ab", 5)().length);`,
  ],
  commander: [
    "14.0.2",
    `import { Command } from "commander"; const c = new Command().option("-p, --pid <n>").argument("[x]"); c.parse(["-p", "3", "y"], { from: "user" }); say(c.opts(), c.args);`,
  ],
  "yargs-parser": ["22.0.0", `import parse from "yargs-parser"; say(parse("-p 12 --name=x rest"));`],
  ms: ["2.1.3", `import ms from "ms"; say(ms("2 days"), ms(60000), ms(2 * 60000, { long: true }));`],
  "fast-deep-equal": [
    "3.1.3",
    `import equal from "fast-deep-equal"; say(equal({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), equal([1], [2]));`,
  ],
  "strip-ansi": ["7.1.2", `import stripAnsi from "strip-ansi"; say(stripAnsi("\\x1b[31mred\\x1b[0m"));`],
  "wrap-ansi": [
    "9.0.2",
    `import wrapAnsi from "wrap-ansi"; say(wrapAnsi("one two \\x1b[31mthree four\\x1b[39m five", 8));`,
  ],
  ajv: [
    "8.17.1",
    `import Ajv from "ajv"; const A = Ajv.default ?? Ajv; const check = new A().compile({ type: "object", properties: { pid: { type: "integer" } }, required: ["pid"] }); say(check({ pid: 1 }), check({}), check.errors?.[0]?.message);`,
  ],
  ramda: [
    "0.32.0",
    `import { countBy, pipe, map, sum } from "ramda"; say(countBy((x) => x, ["a", "b", "a"]), pipe(map((n) => n + 1), sum)([1, 2]));`,
  ],
  remeda: [
    "2.32.0",
    `import { groupBy, pipe, sortBy, take } from "remeda"; say(groupBy([1, 2, 3], (n) => (n % 2 ? "odd" : "even")), pipe([3, 1, 2], sortBy((n) => n), take(2)));`,
  ],
  neverthrow: [
    "8.2.0",
    `import { ok, err } from "neverthrow"; say(ok(1).map((n) => n + 1)._unsafeUnwrap(), err("x").isErr());`,
  ],
  fflate: [
    "0.8.2",
    `import { gzipSync, gunzipSync, strToU8, strFromU8 } from "fflate"; const z = gzipSync(strToU8("hello ".repeat(100)), { mtime: 1 }); say(z.length, strFromU8(gunzipSync(z)).length);`,
  ],
  "big.js": [
    "7.0.1",
    `import Big from "big.js"; say(new Big("0.1").plus("0.2").toString(), new Big(2).pow(100).toString());`,
  ],
  "decimal.js": [
    "10.6.0",
    `import Decimal from "decimal.js"; say(new Decimal(2).sqrt().toFixed(30), Decimal.exp(1).toString());`,
  ],
  "p-limit": [
    "7.2.0",
    `import pLimit from "p-limit"; const limit = pLimit(1); const got = []; await Promise.all([1, 2, 3].map((n) => limit(async () => { got.push(n); }))); say(got);`,
  ],
  table: ["6.9.0", `import { table } from "table"; say(table([["a", "b"], ["1", "ä"]]));`],
  "ip-address": [
    "10.0.1",
    `import { Address6, Address4 } from "ip-address"; say(new Address6("2001:0:ce49:7601::1").correctForm(), new Address4("10.1.2.3/8").isInSubnet(new Address4("10.0.0.0/8")));`,
  ],
  "@msgpack/msgpack": [
    "3.1.2",
    `import { encode, decode } from "@msgpack/msgpack"; const b = encode({ pid: 1, comm: "bäsh", list: [1.5, null, true] }); say([...b], decode(b));`,
  ],
  "d3-format": [
    "3.1.0",
    `import { format } from "d3-format"; say(format(".3s")(1234567), format(",")(1234567), format(".1%")(0.123));`,
  ],
};

/** What each file begins with. */
export const preamble = `const say = (...values) => console.log(values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join(" "));\n`;
