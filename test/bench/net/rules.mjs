import { spawnSync } from "node:child_process";

const backend = "10.200.2.2";

/** The frontends of so many services; each has the one backend. */
export function listFrontends(count) {
  return Array.from({ length: count }, (_, at) => `10.96.${Math.floor(at / 250)}.${(at % 250) + 1}`);
}

export function renderServices(count) {
  return JSON.stringify(
    listFrontends(count).map((address, at) => ({
      name: `service-${at}`,
      frontend: `${address}:80`,
      backends: [`${backend}:8080`],
    })),
  );
}

const nftTable = (body) => `table ip bench {\n${body}\n}\n`;
const nftChain = (rules) => `chain to_services {\ntype nat hook prerouting priority dstnat\n${rules}\n}`;

/** As kube-proxy writes them: a chain for each service, one for each backend. */
function renderChains(count) {
  const at = listFrontends(count);
  const names = at.flatMap((_, number) => [`:KUBE-SVC-${number} - [0:0]`, `:KUBE-SEP-${number} - [0:0]`]);
  return [
    "*nat",
    ":KUBE-SERVICES - [0:0]",
    ...names,
    "-A PREROUTING -j KUBE-SERVICES",
    ...at.map((address, number) => `-A KUBE-SERVICES -d ${address}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-${number}`),
    ...at.flatMap((_, number) => [
      `-A KUBE-SVC-${number} -j KUBE-SEP-${number}`,
      `-A KUBE-SEP-${number} -p tcp -m tcp -j DNAT --to-destination ${backend}:8080`,
    ]),
    "COMMIT",
    "",
  ].join("\n");
}

const flushNft = "nft flush ruleset";
const flushTables = (name) =>
  `printf '*nat\\n:PREROUTING ACCEPT\\n:INPUT ACCEPT\\n:OUTPUT ACCEPT\\n:POSTROUTING ACCEPT\\nCOMMIT\\n*raw\\n:PREROUTING ACCEPT\\n:OUTPUT ACCEPT\\nCOMMIT\\n*filter\\n:INPUT ACCEPT\\n:FORWARD ACCEPT\\n:OUTPUT ACCEPT\\nCOMMIT\\n' | ${name}-restore`;

/** What leads connections to services without bpfts: how it is loaded, from standard input, and taken away. */
export const servicePeers = {
  "nft map": {
    command: "nft -f -",
    flush: flushNft,
    render: (count) =>
      nftTable(
        `map services { type ipv4_addr . inet_service : ipv4_addr . inet_service\nelements = { ${listFrontends(count)
          .map((address) => `${address} . 80 : ${backend} . 8080`)
          .join(", ")} } }\n${nftChain("dnat ip to ip daddr . tcp dport map @services")}`,
      ),
  },
  "nft rules": {
    command: "nft -f -",
    flush: flushNft,
    render: (count) =>
      nftTable(
        nftChain(
          listFrontends(count)
            .map((address) => `ip daddr ${address} tcp dport 80 dnat to ${backend}:8080`)
            .join("\n"),
        ),
      ),
  },
  "iptables-nft": { command: "iptables-nft-restore", flush: flushNft, render: renderChains },
  "iptables-legacy": {
    command: "iptables-legacy-restore",
    flush: flushTables("iptables-legacy"),
    render: renderChains,
  },
};

/** Ways to drop what the client sends to the router. */
export const dropPeers = {
  "nft netdev ingress": {
    command: "nft -f -",
    flush: flushNft,
    render: () =>
      "table netdev bench {\nchain at_device {\ntype filter hook ingress device rc priority 0\nip saddr 10.200.1.2 drop\n}\n}\n",
  },
  "nft prerouting raw": {
    command: "nft -f -",
    flush: flushNft,
    render: () => nftTable("chain raw { type filter hook prerouting priority raw\nip saddr 10.200.1.2 drop\n}"),
  },
  "iptables raw": {
    command: "iptables-legacy-restore",
    flush: flushTables("iptables-legacy"),
    render: () => "*raw\n-A PREROUTING -s 10.200.1.2/32 -j DROP\nCOMMIT\n",
  },
  "iptables INPUT": {
    command: "iptables-legacy-restore",
    flush: flushTables("iptables-legacy"),
    render: () => "*filter\n-A INPUT -s 10.200.1.2/32 -j DROP\nCOMMIT\n",
  },
};

/** The packages of the peers that are not installed. */
export function listMissingPackages() {
  return [
    ["nft", "nftables"],
    ["iptables-nft-restore", "iptables"],
    ["iptables-legacy-restore", "iptables"],
  ]
    .filter(([command]) => spawnSync("sh", ["-c", `command -v ${command}`]).status !== 0)
    .map(([command, name]) => ({ command, name }));
}
