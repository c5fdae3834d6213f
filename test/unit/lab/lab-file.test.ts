import { describe, expect, it } from "vitest";
import { UsageError } from "../../../runtime/base/errors.ts";
import { parseLabFile, readLabFile } from "../../../runtime/lab/lab-file.ts";

function refuse(value: unknown): readonly (string | undefined)[] {
  try {
    parseLabFile(typeof value === "string" ? value : JSON.stringify(value), "lab.json");
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    const { message, hint } = error as UsageError;
    return hint === undefined ? [message] : [message, hint];
  }
  return ["nothing"];
}

describe("parseLabFile", () => {
  it("takes a file with nothing but nodes, which then have a network between them", () => {
    const file = parseLabFile(
      '{ "nodes": { "a": {}, "b": { "pods": { "p": { "address": "10.0.0.1" } } } } }',
      "/x/my-lab.json",
    );
    expect(file).toMatchObject({ name: "my-lab", vxlan: undefined, network: [{ family: 4, prefix: 24 }] });
    expect(file.nodes.map(({ name, pods }) => [name, pods.length])).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    expect(parseLabFile('{ "nodes": { "a": {} } }', "lab.json").network).toEqual([]);
    expect(parseLabFile('{ "vxlan": true, "nodes": { "a": {}, "b": {} } }', "lab.json").vxlan).toEqual({
      vni: 1,
      port: 8472,
      external: false,
    });
  });

  it.each<[unknown, readonly string[]]>([
    ["{", [expect.stringMatching(/^lab\.json is no JSON: /) as string]],
    [[], ["lab.json: an object is wanted, got []"]],
    [{ node: {} }, ['lab.json: there is no "node"', 'did you mean "nodes"?']],
    [{ nodes: { a: { pod: {} } } }, ['lab.json: nodes.a: there is no "pod"', 'did you mean "pods"?']],
    [
      { nodes: { a: { pods: { p: { adress: 1 } } } } },
      ['lab.json: nodes.a.pods.p: there is no "adress"', 'did you mean "address"?'],
    ],
    [{ nodes: { a: {} }, vxlan: { id: 1 } }, ['lab.json: vxlan: there is no "id"', "there are: vni, port, external"]],
    [{ nodes: {} }, ["lab.json: a lab has at least one node", expect.stringContaining('"pods"') as string]],
    [
      { nodes: { "1a": {} } },
      ['lab.json: nodes.1a: "1a" is no name', "a name is a letter, then letters, digits, - and _"],
    ],
    [
      { nodes: { "a/b": {} } },
      ['lab.json: nodes.a/b: "a/b" is no name', "a name is a letter, then letters, digits, - and _"],
    ],
    [
      { nodes: { a: { pods: { "a-long-pod-name": {} } } } },
      [
        'lab.json: nodes.a.pods.a-long-pod-name: the name "a-long-pod-name" has 15 characters: its device "lxc-a-long-pod-name" would have more than 15',
        "take one of at most 11",
      ],
    ],
    [
      { nodes: { "a-very-long-name": {} } },
      [
        'lab.json: nodes.a-very-long-name: the name "a-very-long-name" has 16 characters: a device of its name would have more than 15',
        "take one of at most 15",
      ],
    ],
    [
      { nodes: { a: { address: "10.0.0" } } },
      ['lab.json: nodes.a.address: an address like "10.0.1.5" is wanted, got "10.0.0"'],
    ],
    [
      { nodes: { a: { address: "10.0.0.1/24" } } },
      ['lab.json: nodes.a.address: an address like "10.0.1.5" is wanted, got "10.0.0.1/24"'],
    ],
    [
      { nodes: { a: { subnet: "10.0.0.1/24" } } },
      [
        'lab.json: nodes.a.subnet: a network like "10.0.1.0/24" is wanted, with no bit set behind the prefix, got "10.0.0.1/24"',
      ],
    ],
    [
      { nodes: { a: { subnet: ["10.0.0.0/24", "10.0.1.0/24"] } } },
      ["lab.json: nodes.a.subnet: there can be one of IPv4 and one of IPv6, not two of the same family"],
    ],
    [
      { nodes: { a: {} }, vxlan: { vni: 0 } },
      ["lab.json: vxlan.vni: a whole number from 1 to 16777215 is wanted, got 0"],
    ],
    [
      { nodes: { a: {} }, vxlan: { port: "8472" } },
      ['lab.json: vxlan.port: a whole number from 1 to 65535 is wanted, got "8472"'],
    ],
    [{ nodes: { a: {} }, vxlan: { external: 1 } }, ["lab.json: vxlan.external: true or false is wanted, got 1"]],
    [
      { nodes: { a: {} }, vxlan: { external: true, vni: 4 } },
      ["lab.json: vxlan.vni: an external vxlan has no number of its own", "its programs choose one for each packet"],
    ],
    [
      { nodes: { a: {} }, vxlan: true, network: "fd00::/64" },
      ["lab.json: network: a vxlan needs a network of IPv4 between the nodes", 'for example "172.31.9.0/24"'],
    ],
    ...["lo", "br0", "all", "default"].map((name): [unknown, readonly string[]] => [
      { nodes: { [name]: {} } },
      [
        expect.stringMatching(`^lab\\.json: nodes\\.${name}: a node cannot have the name "${name}": `) as string,
        "take another name",
      ],
    ]),
    [
      { nodes: { a: {} }, name: "two.nodes" },
      ['lab.json: name: "two.nodes" is no name', "a name is a letter, then letters, digits, - and _"],
    ],
  ])("refuses %j", (value, said) => {
    expect(refuse(value)).toEqual(said);
  });
});

describe("readLabFile", () => {
  it("says that there is no file", () => {
    expect(() => readLabFile("/no-such-lab.json")).toThrow('Cannot read the lab "/no-such-lab.json": ENOENT');
  });

  it("reads no device, which may have no end", () => {
    expect(() => readLabFile("/dev/zero")).toThrow('Cannot read the lab "/dev/zero": it is a device');
  });
});
