import { describe, expect, it } from "vitest";
import { looksLikeAddress, parsePageAddress } from "../../../runtime/web/parse-address.ts";

describe("the address of --web", () => {
  it.each([
    ["127.0.0.1:8080", "127.0.0.1", 8080],
    ["localhost:8080", "127.0.0.1", 8080],
    ["[::1]:8080", "::1", 8080],
    ["::1", "::1", 0],
    [":8080", "127.0.0.1", 8080],
    ["8080", "127.0.0.1", 8080],
    ["127.0.0.1", "127.0.0.1", 0],
    ["127.0.0.1:", "127.0.0.1", 0],
  ])("%s", (text, host, port) => {
    expect(looksLikeAddress(text)).toBe(true);
    expect(parsePageAddress(text)).toEqual({ host, port });
  });

  it.each(["0.0.0.0:80", "0.0.0.0", "192.168.1.5:80", "[::]:80", "example.com:80", "127.0.0.2:80", "[fe80::1]:80"])(
    "refuses %s",
    (text) => {
      expect(looksLikeAddress(text)).toBe(true);
      expect(() => parsePageAddress(text)).toThrow(`--web serves this machine alone: "${text}" is no address`);
    },
  );

  it("knows ports that are none", () => {
    expect(() => parsePageAddress("127.0.0.1:70000")).toThrow("--web has no port 70000: ports go to 65535");
  });

  it.each(["counts.ts", "./a:b/c.ts", "opensnoop", "-c", "scripts/counts.ts"])("takes %s for another word", (word) => {
    expect(looksLikeAddress(word)).toBe(false);
  });
});
