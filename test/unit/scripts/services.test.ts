import { describe, expect, it } from "vitest";
import { parse_services } from "../../../scripts/net/parts/services.ts";

const web = { name: "web", frontend: "10.96.0.10:80", backends: ["10.0.1.2:8080", "10.0.1.3:8080"] };

function parse(...services: readonly unknown[]) {
  return parse_services(JSON.stringify(services), "services.json");
}

describe("parse_services", () => {
  it("reads what clients connect to, and who answers", () => {
    const [service, dns] = parse(web, {
      name: "kube-system/dns",
      frontend: "[fd00::a]:53",
      protocol: "udp",
      backends: ["[fd00:1::2]:5353"],
      algorithm: "maglev",
      affinity: 30,
    });
    const bytes = (...first: readonly number[]): Uint8Array =>
      Uint8Array.from({ length: 16 }, (_, at) => first[at] ?? 0);
    expect(service).toEqual({
      name: "web",
      frontend: { family: 2, bytes: bytes(10, 96, 0, 10), port: 80, text: "10.96.0.10:80" },
      protocol: 6,
      backends: [
        { family: 2, bytes: bytes(10, 0, 1, 2), port: 8080, text: "10.0.1.2:8080" },
        { family: 2, bytes: bytes(10, 0, 1, 3), port: 8080, text: "10.0.1.3:8080" },
      ],
      algorithm: "random",
      affinity: 0,
    });
    expect(dns).toMatchObject({
      frontend: { family: 10, bytes: bytes(0xfd, ...Array<number>(14).fill(0), 10), port: 53 },
      protocol: 17,
      backends: [{ family: 10, port: 5353, text: "[fd00:1::2]:5353" }],
      algorithm: "maglev",
      affinity: 30,
    });
  });

  it("takes a service without backends, and one frontend for each protocol", () => {
    expect(parse({ ...web, backends: [] })[0]!.backends).toEqual([]);
    const udp = { ...web, name: "web-udp", protocol: "udp" };
    expect(parse(web, udp).map(({ protocol }) => protocol)).toEqual([6, 17]);
  });

  it("reads 10,000 services, in a time that grows with their number", { timeout: 10_000 }, () => {
    const many = Array.from({ length: 10_000 }, (_, at) => ({
      name: `s${at}`,
      frontend: `10.96.${at >> 7}.${(at & 127) + 1}:80`,
      backends: [`10.0.${at >> 7}.${(at & 127) + 1}:8080`],
    }));
    expect(parse(...many)).toHaveLength(10_000);
  });

  it.each<[readonly unknown[], string]>([
    [[], "services.json: a list of services is wanted"],
    [[3], "services.json: [0]: an object is wanted"],
    [[web, null], "services.json: [1]: an object is wanted"],
    [[{ ...web, backend: [] }], 'services.json: [0]: a service has no "backend" (did you mean "backends"?)'],
    [[{ ...web, Affinity: 1 }], 'services.json: [0]: a service has no "Affinity" (did you mean "affinity"?)'],
    [
      [{ ...web, weight: 1 }],
      'a service has no "weight" (it has name, frontend, protocol, backends, algorithm, affinity)',
    ],
    [[{ ...web, name: "" }], 'services.json: [0].name: a name is wanted, as "web" or "default/web", not ""'],
    [[{ ...web, protocol: "tpc" }], '[0].protocol: "tcp" or "udp" is wanted, not "tpc" (did you mean "tcp"?)'],
    [[{ ...web, protocol: 6 }], '[0].protocol: "tcp" or "udp" is wanted, not 6'],
    [[{ ...web, algorithm: "round" }], '[0].algorithm: "random" or "maglev" is wanted, not "round"'],
    [[{ ...web, frontend: undefined }], "[0].frontend: an address with a port is wanted"],
    [[{ ...web, frontend: "10.96.0.10" }], '"10.96.0.10:80" or "[fd00::1]:80", not "10.96.0.10"'],
    [[{ ...web, frontend: "10.96.0.10:0" }], "10.96.0.10:0 has the port 0; ports go from 1 to 65535"],
    [[{ ...web, frontend: "10.96.0.10:65536" }], "10.96.0.10:65536 has the port 65536"],
    [[{ ...web, frontend: "10.96.0:80" }], '"10.96.0" is no IPv4 address'],
    [[{ ...web, frontend: "web:80" }], '"web" is no IPv4 address'],
    [[{ ...web, frontend: "fd00::1:80" }], 'or "[fd00::1]:80", not "fd00::1:80"'],
    [[{ ...web, frontend: "[10.0.0.1]:80" }], '"10.0.0.1" is no IPv6 address'],
    [[{ ...web, frontend: "[::ffff:10.0.0.1]:80" }], "IPv4 address in IPv6's form: write 10.0.0.1:80"],
    [[{ ...web, frontend: "0.0.0.0:80" }], "0.0.0.0:80 is no one host's address"],
    [[{ ...web, frontend: "[ff02::1]:80" }], "[ff02::1]:80 is no one host's address"],
    [[{ ...web, backends: "10.0.1.2:8080" }], '[0].backends: a list of addresses with ports is wanted, not "10.0.1.2'],
    [[{ ...web, backends: ["10.0.1.2:8080", "10.0.1.3"] }], "[0].backends[1]: an address with a port is wanted"],
    [
      [{ ...web, backends: ["[fd00::2]:8080"] }],
      "[0].backends[0]: [fd00::2]:8080 is IPv6 and the frontend 10.96.0.10:80 is IPv4: a service has one family",
    ],
    [
      [{ ...web, backends: ["10.0.1.2:80", "10.0.1.3:80", "10.0.1.2:80"] }],
      "[0].backends[2]: 10.0.1.2:80 is [0] already; a backend is named once",
    ],
    [[{ ...web, affinity: -1 }], "[0].affinity: seconds are wanted, a whole number from 0 (none) to 86400, not -1"],
    [[{ ...web, affinity: "30" }], 'not "30"'],
    [[{ ...web, affinity: 1.5 }], "not 1.5"],
    [[web, { ...web, frontend: "10.96.0.11:80" }], '[1].name: "web" is the name of [0] already'],
    [[web, { ...web, name: "other" }], '[1].frontend: 10.96.0.10:80 is the frontend of "web" already'],
    [
      [web, { ...web, name: "other", frontend: "10.96.0.11:80", backends: ["10.96.0.10:80"] }],
      '[1].backends[0]: 10.96.0.10:80 is the frontend of "web"; a backend is where a process listens',
    ],
  ])("refuses %j", (services, message) => {
    expect(() => parse(...services)).toThrow(message);
  });

  it.each(["", "{", "[1] x", '{"services": []}'])("refuses the text %j", (text) => {
    expect(() => parse_services(text, "services.json")).toThrow(/^services\.json: (?:this is no JSON|a list of)/);
  });
});
