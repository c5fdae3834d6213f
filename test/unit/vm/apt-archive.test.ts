import { describe, expect, it } from "vitest";
import { parseDeb822Sources, parseLineSources, renderSuiteSources } from "../../../runtime/vm/apt-archive.ts";

const stanzas = `Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb-src
URIs: http://mirror.example/debian
Suites: bookworm

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
`;

describe("apt sources", () => {
  it("reads stanzas, and leaves out sources of source code and what is disabled", () => {
    const signedBy = "/usr/share/keyrings/debian.gpg";
    expect(parseDeb822Sources(stanzas)).toEqual([
      { uri: "http://mirror.example/debian", suite: "bookworm", signedBy },
      { uri: "http://mirror.example/debian", suite: "bookworm-updates", signedBy },
    ]);
  });

  it("reads lines with and without options", () => {
    const text =
      "# deb http://no.example/debian sid main\ndeb http://a.example/debian trixie main\n deb [arch=amd64 signed-by=/k.gpg] http://b.example/debian-security trixie-security main\ndeb-src http://a.example/debian trixie main\n";
    expect(parseLineSources(text)).toEqual([
      { uri: "http://a.example/debian", suite: "trixie" },
      { uri: "http://b.example/debian-security", suite: "trixie-security", signedBy: "/k.gpg" },
    ]);
  });

  it("asks the archive of the distribution for other suites, and the security archive for security suites", () => {
    const sources = [
      { uri: "http://other.example/node", suite: "nodistro" },
      { uri: "http://a.example/debian", suite: "trixie" },
      { uri: "http://s.example/debian-security", suite: "trixie-security", signedBy: "/k.gpg" },
    ];
    expect(renderSuiteSources(sources, ["bullseye", "bullseye-security"])).toBe(
      "deb http://a.example/debian bullseye main\ndeb [signed-by=/k.gpg] http://s.example/debian-security bullseye-security main\n",
    );
  });

  it("says so when the machine has no such archive", () => {
    expect(() => renderSuiteSources([{ uri: "http://u.example/ubuntu", suite: "noble" }], ["sid"])).toThrow(
      /no Debian archive stands in this machine's apt sources/,
    );
  });
});
