import { existsSync, readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { errno_name } from "../../../sdk/queries/errno-names.ts";
import {
  AF_INET,
  AF_INET6,
  inet_ntop,
  inet_pton,
  ntohl,
  ntohs,
  tcp_flag_names,
  tcp_state_name,
} from "../../../sdk/queries/network.ts";
import { syscall_name } from "../../../sdk/queries/syscall-names.ts";
import { strftime } from "../../../sdk/time/time-format.ts";

describe("addresses", () => {
  it.each([
    [AF_INET, 0x0100007f, "127.0.0.1"],
    [AF_INET, Uint8Array.of(10, 0, 0, 255), "10.0.0.255"],
    [AF_INET6, 0n, "::"],
    [AF_INET6, 1n << 120n, "::1"],
    [AF_INET6, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1], "2001:db8::1:0:0:1"],
    [AF_INET6, [0x20, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], "2001:0:1::1:0:1"],
    [AF_INET6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 168, 0, 1], "::ffff:192.168.0.1"],
    [AF_INET6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 168, 0, 0], "::192.168.0.0"],
    [AF_INET6, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 192, 168, 0, 1], "::1:c0a8:1"],
    [AF_INET6, [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], "fe80::102:304:506:708"],
  ])("%i %s is %s, and back", (family, address, text) => {
    expect(inet_ntop(family, address)).toBe(text);
    expect(inet_ntop(family, inet_pton(family, text))).toBe(text);
  });

  it("agrees with Node on what is an address", () => {
    const texts = [
      "1.2.3.4",
      "1.2.3",
      "256.1.1.1",
      "01.2.3.4",
      "::",
      ":::",
      "1::2::3",
      "1:2:3:4:5:6:7:8",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "::1.2.3.4",
      "1.2.3.4::",
      "g::",
      "12345::",
      "",
    ];
    const accepts = (family: number, text: string): boolean => {
      try {
        return inet_pton(family, text).length > 0;
      } catch {
        return false;
      }
    };
    expect(texts.map((text) => [text, accepts(AF_INET, text), accepts(AF_INET6, text)])).toEqual(
      texts.map((text) => [text, isIPv4(text), isIPv6(text)]),
    );
  });

  it("refuses a wrong family or length", () => {
    expect(() => inet_ntop(1, 0)).toThrow("Cannot write an address of family 1");
    expect(() => inet_ntop(AF_INET, [1, 2, 3])).toThrow("from 3 bytes: it has 4");
  });

  it("turns bytes around", () => expect([ntohs(0x5000), ntohl(0x0100007f)]).toEqual([80, 0x7f000001]));
});

describe("names", () => {
  it("are the machine's own for every error number", () => {
    const aliases = new Set(["EWOULDBLOCK", "ENOTSUP", "EDEADLOCK"]);
    const known = Object.entries(constants.errno).filter(([name]) => !aliases.has(name));
    expect(known.length).toBeGreaterThan(60);
    expect(known.map(([name, value]) => [name, errno_name(-value)])).toEqual(known.map(([name]) => [name, name]));
    expect([errno_name(0), errno_name(-524n), errno_name(-9999)]).toEqual(["0", "ENOTSUPP", "-9999"]);
  });

  it("are the kernel headers' for every system call", () => {
    expect([0, 59, 83, 257, 435, 452].map((number) => syscall_name(number))).toEqual([
      "read",
      "execve",
      "mkdir",
      "openat",
      "clone3",
      "fchmodat2",
    ]);
    expect(syscall_name(9999n)).toBe("[unknown: 9999]");
    const header = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";
    const rows = existsSync(header) ? [...readFileSync(header, "utf8").matchAll(/__NR_(\w+)\s+(\d+)/g)] : [];
    expect(rows.map(([, , number]) => syscall_name(Number(number)))).toEqual(rows.map(([, name]) => name));
  });

  it("are given to TCP states and flags", () => {
    expect([tcp_state_name(1), tcp_state_name(99), tcp_flag_names(0x12), tcp_flag_names(0)]).toEqual([
      "ESTABLISHED",
      "99",
      "SYN|ACK",
      "",
    ]);
  });
});

describe("strftime", () => {
  const date = new Date(2026, 0, 5, 3, 4, 9, 78);
  it.each([
    ["%H:%M:%S", "03:04:09"],
    ["%F %T", "2026-01-05 03:04:09"],
    ["%a %b %e %j %I%p", "Mon Jan  5 005 03AM"],
    ["%f 100%% %Q", "078000 100% %Q"],
  ])("%s", (format, wanted) => expect(strftime(format, date)).toBe(wanted));

  // As date(1) writes them.
  it.each([
    ["2021-01-03T00:05:00", "20 20 2020 Jan  0 12 am 12:05:00 AM 7 0 01 53 00"],
    ["2018-12-31T12:00:00", "20 19 2019 Dec 12 12 pm 12:00:00 PM 1 1 52 01 53"],
    ["2024-12-29T23:59:59", "20 24 2024 Dec 23 11 pm 11:59:59 PM 7 0 52 52 52"],
    ["2023-01-01T13:00:01", "20 22 2022 Jan 13  1 pm 01:00:01 PM 7 0 01 52 00"],
  ])("counts the weeks of %s", (time, wanted) =>
    expect(strftime("%C %g %G %h %k %l %P %r %u %w %U %V %W", new Date(time))).toBe(wanted),
  );
});
