import { describe, expect, it } from "vitest";
import { readRowChoice } from "../../../runtime/cli/row-options.ts";
import { chooseColumns, chooseRows, isEventWanted } from "../../../sdk/print/row-choice.ts";

const event = {
  pid: 12,
  comm: "bash",
  ns: 2n ** 60n + 1n,
  ret: -2,
  path: "a,b==c",
  addr: "10.0.0.7",
  empty: "",
  ok: true,
  ms: "1.00",
  ppid: "?",
  none: undefined,
  dash: "-",
  spaced: " a, ",
};

const isWanted = (...filter: readonly string[]): boolean => {
  chooseRows(readRowChoice({ filter })!);
  return isEventWanted(event, 3);
};

describe("--filter", () => {
  it.each([
    ["pid==12", true],
    ["pid==0xc", true],
    ["PID == 12", true],
    ["pid!=12", false],
    ["pid>=12", true],
    ["pid>12", false],
    ["pid<=11", false],
    ["pid<12.5", true],
    ["ret<0", true],
    ["ret==-2", true],
    [`ns==${2n ** 60n + 1n}`, true],
    [`ns==${2n ** 60n}`, false],
    [`ns>${2n ** 60n}`, true],
    ["cpu==3", true],
    ["comm==bash", true],
    ["comm==bas", false],
    ["comm~^ba", true],
    ["comm~^as", false],
    ["comm!~^as", true],
    ["comm>aaa", true],
    ["comm~a|x", true],
    ["path==a\\,b==c", true],
    ["path~\\,b=", true],
    ["addr~^10\\.0", true],
    ["empty==", true],
    ["empty!=", false],
    ["none<150", false],
    ["none<=0", false],
    ["none<z", false],
    ["none!=1", true],
    ["empty<1", false],
    ["empty<a", false],
    ["dash<3.5", false],
    ["dash>=0", false],
    ["dash<a", false],
    ["dash==-", true],
    ["ppid>5", false],
    ["ppid==?", true],
    ["ms==1", true],
    ["ms==1.00", true],
    ["ms!=1", false],
    ["ms==1.01", false],
    ["ms>0.5", true],
    ["comm>5", false],
    ["ok==true", true],
    ["ok!=true", false],
    ["ok==FALSE", false],
    ["ok==1", true],
    ['comm=="bash"', true],
    ["spaced==' a, ',pid==12", true],
    ["spaced==a", false],
    ["comm~'^ba',pid==13", false],
    ["pid==12,comm==bash", true],
    ["pid==12,comm==sh", false],
    [" pid == 12 , comm ~ sh$ ", true],
  ])("%s", (filter, expected) => {
    expect(isWanted(filter)).toBe(expected);
  });

  it.each([
    ["0xffffffff81000001", 0xffffffff81000001n, true],
    ["0xffffffff81000000", 0xffffffff81000001n, false],
    ["-1152921504606846977", -(2n ** 60n) - 1n, true],
    ["-1152921504606846976", -(2n ** 60n) - 1n, false],
  ])("compares all digits of numbers of 64 bits: %s with %s", (wanted, value, expected) => {
    chooseRows(readRowChoice({ filter: [`n==${wanted}`] })!);
    expect(isEventWanted({ n: value })).toBe(expected);
  });

  it("joins several options", () => {
    expect(isWanted("pid==12", "comm==bash")).toBe(true);
    expect(isWanted("pid==12", "comm==sh")).toBe(false);
  });

  it.each([
    ["pid", "this is no condition"],
    ["", "this is no condition"],
    ["==1", "this is no condition"],
    ["pid==1,", "this is no condition"],
    ["pid=1", "there is no operator ="],
    ["path~a,b=", "there is no operator ="],
    ["comm~(", "Invalid regular expression"],
  ])("refuses %j", (filter, message) => expect(() => readRowChoice({ filter: [filter] })).toThrow(message));

  it.each([
    [
      "comm==bash && pid==12",
      "there is no && between conditions",
      "a comma joins them: comm==bash,pid==12; a value in quotes may have &&",
    ],
    [
      "comm==bash and pid==12",
      "there is no and between conditions",
      "a comma joins them: comm==bash,pid==12; a value in quotes may have and",
    ],
    [
      "comm==bash||comm==sh",
      "there is no || between conditions",
      "all conditions have to be met; an expression takes several values: comm~'^(a|b)$'; a value in quotes may have ||",
    ],
    ["comm=~^ba", "there is no operator =~", "an expression that fits is ~: comm~^ba"],
    ["ret=>1", "there is no operator =>", "or equal is >=: ret>=1"],
    ["pid=1", "there is no operator =", "equal is ==: pid==1"],
  ])("says what is meant with %j", (filter, message, hint) => {
    expect(() => readRowChoice({ filter: [filter] })).toThrow(
      expect.objectContaining({ message: `--filter "${filter}": ${message}`, hint }),
    );
  });

  it.each(["comm=='a && b'", 'comm=="x or y=1"', "comm==salt and pepper", "comm~bash||sh"])(
    "leaves the value of %j alone",
    (filter) => {
      expect(readRowChoice({ filter: [filter] })!.conditions).toHaveLength(1);
    },
  );

  it.each([
    ["pit==1", 'the rows have no field "pit"', 'did you mean "pid"?'],
    [
      "something==1",
      'the rows have no field "something"',
      "they have: cpu, pid, comm, ns, ret, path, addr, empty, ok, ms, ppid, none, dash, spaced",
    ],
    ["ok==yes", '"ok" is true or false, and is compared with "yes"', "for example: ok==true"],
    ["pid==bash", '"pid" is a number, and is compared with "bash"', "for example: pid==1"],
  ])("tells what is wrong with %s", (filter, message, hint) => {
    expect(() => isWanted(filter)).toThrow(expect.objectContaining({ message: `--filter: ${message}`, hint }));
  });
});

describe("--fields", () => {
  const columns = [
    { name: "pid", head: "PID" },
    { name: "comm", head: "PCOMM" },
    { name: "path", head: "LAT(ms)" },
  ];
  const choose = (fields: string): readonly string[] => {
    chooseRows(readRowChoice({ fields })!);
    return chooseColumns(columns).map(({ name }) => name);
  };

  it("takes columns in the user's order, whatever the case", () => {
    expect(choose("path, PID")).toEqual(["path", "pid"]);
  });

  it("takes columns by their heads, too", () => {
    expect(choose("LAT(ms),pcomm,pid")).toEqual(["path", "comm", "pid"]);
  });

  it("refuses names that no column has", () => {
    expect(() => choose("pid,pth")).toThrow(
      expect.objectContaining({ message: '--fields: the rows have no field "pth"', hint: 'did you mean "path"?' }),
    );
    expect(() => choose("pid,,")).toThrow("a name is missing");
  });
});
