import { existsSync, readFileSync } from "node:fs";
import { isIPv4, isIPv6 } from "node:net";
import { constants } from "node:os";
import { describe, expect, it } from "vitest";
import { errno_name, errno_number } from "../../../sdk/queries/errno-names.ts";
import { AF_INET, AF_INET6, inet_ntop, inet_pton } from "../../../sdk/addresses/ip-address.ts";
import { htonl, htons, ntohl, ntohs, tcp_flag_names, tcp_state_name } from "../../../sdk/queries/network.ts";
import { flag_names, open_flags } from "../../../sdk/queries/flag-names.ts";
import { signal_name, signal_number } from "../../../sdk/queries/signal-names.ts";
import { syscall_name, syscall_number } from "../../../sdk/queries/syscall-names.ts";
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

  it("turns bytes around", () => {
    expect([ntohs(0x5000), htons(80), ntohl(0x0100007f)]).toEqual([80, 0x5000, 0x7f000001]);
    // As fields of signed types have them.
    expect([ntohs(-2), ntohl(-2), htonl(-2)]).toEqual([0xfeff, 0xfeffffff, 0xfeffffff]);
  });

  it.each([65536, 1.5, Number.NaN, "80", true, null, undefined, 80n, [80]])("has no port %s", (value) => {
    expect(() => htons(value as number)).toThrow("htons() takes a port as a whole number from 0 to 65535, got");
    expect(() => ntohs(value as number)).toThrow("ntohs() takes a port as a whole number from -32768 to 65535, got");
  });

  it.each([2 ** 32, -(2 ** 31) - 1, 0.5, Number.POSITIVE_INFINITY, "1", false, null, undefined, 1n])(
    "turns no bytes of %s around",
    (value) => {
      expect(() => htonl(value as number)).toThrow("htonl() takes a number of 32 bits as a whole number");
      expect(() => ntohl(value as number)).toThrow("ntohl() takes a number of 32 bits as a whole number");
    },
  );

  it("has no negative port", () => expect(() => htons(-1)).toThrow("from 0 to 65535, got -1"));
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
  it.each([0, 1.5, 7n, "now", null, new Date(Number.NaN)])("refuses what is no date: %s", (wrong) => {
    expect(() => strftime("%Y", wrong as never)).toThrow("strftime() takes the time as a Date, got ");
  });

  const date = new Date(2026, 0, 5, 3, 4, 9, 78);
  it.each([
    ["%H:%M:%S", "03:04:09"],
    ["%F %T", "2026-01-05 03:04:09"],
    ["%a %b %e %j %I%p", "Mon Jan  5 005 03AM"],
    ["%f 100%% %Q", "078000 100% %Q"],
  ])("%s", (format, wanted) => expect(strftime(format, date)).toBe(wanted));

  it("tells seconds and milliseconds apart that follow one another", () => {
    const texts = [78, 79, 1078, 78].map((ms) => [
      strftime("%H:%M:%S", new Date(2026, 0, 5, 3, 4, 9, ms)),
      strftime("%S.%f", new Date(2026, 0, 5, 3, 4, 9, ms)),
    ]);
    expect(texts).toEqual([
      ["03:04:09", "09.078000"],
      ["03:04:09", "09.079000"],
      ["03:04:10", "10.078000"],
      ["03:04:09", "09.078000"],
    ]);
  });

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

describe("numbers of names", () => {
  it("finds errors as Node knows them, and the kernel's own", () => {
    for (const [name, number] of Object.entries(constants.errno))
      expect([name, errno_number(name)]).toEqual([name, number]);
    expect([errno_number("EJUKEBOX"), errno_name(-528)]).toEqual([528, "EJUKEBOX"]);
    expect([errno_number("-"), errno_number("ENONSENSE")]).toEqual([undefined, undefined]);
  });

  it("finds signals as Node knows them, and real-time ones", () => {
    const others = { SIGIOT: "SIGABRT", SIGPOLL: "SIGIO", SIGUNUSED: "SIGSYS" } as Readonly<Record<string, string>>;
    for (const [name, number] of Object.entries(constants.signals)) {
      const known = others[name] ?? name;
      expect([signal_name(number), signal_number(known)]).toEqual([known, number]);
    }
    expect([signal_name(34), signal_name(35), signal_name(64), signal_name(65), signal_name(0)]).toEqual([
      "SIGRTMIN",
      "SIGRTMIN+1",
      "SIGRTMIN+30",
      "65",
      "0",
    ]);
    expect(["kill", "RTMIN", "sigrtmin+30", "RTMIN+31", "nonsense", ""].map(signal_number)).toEqual([
      9,
      34,
      64,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("finds system calls, and takes what it finds back", () => {
    expect(["read", "openat", "uretprobe", "file_setattr", "nonsense"].map(syscall_number)).toEqual([
      0,
      257,
      335,
      469,
      undefined,
    ]);
    for (let number = 0; number <= 336; number++) expect(syscall_number(syscall_name(number))).toBe(number);
  });

  it("names flags, several bits at once, and leaves no bit out", () => {
    expect(flag_names(0o2102, open_flags)).toBe("O_RDWR|O_CREAT|O_APPEND");
    expect(flag_names(open_flags.O_TMPFILE, { TMPFILE: open_flags.O_TMPFILE })).toBe("TMPFILE");
    expect(flag_names(1n << 63n, open_flags)).toBe("0x8000000000000000");
    expect([flag_names(0, open_flags), flag_names(0x40000001, { ONE: 1 })]).toEqual(["0x0", "ONE|0x40000000"]);
  });
});
