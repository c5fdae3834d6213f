import { expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();

it("a struct of the kernel's keeps each member that an initialiser sets, and zeros in its unions without a name", async () => {
  const c = `
struct seen_t { u64 tunnel_id; u32 tunnel_ext; u32 local_ip; u32 family; u32 ifindex; u32 tbid; u32 version; u32 protocol; u32 saddr; u32 first; u32 port; };
SEC("syscall") int build(struct seen_t *ctx) {
    struct bpf_tunnel_key key = { .tunnel_id = ctx->tunnel_id, .local_ipv4 = ctx->local_ip, .remote_ipv4 = 1 };
    struct bpf_fib_lookup fib = { .family = ctx->family, .ifindex = ctx->ifindex };
    struct iphdr ip = { .version = ctx->version, .protocol = ctx->protocol };
    struct bpf_sock_tuple tuple = { .ipv4 = { .saddr = ctx->first, .sport = ctx->port } };
    ctx->tunnel_id = key.tunnel_id + 1;
    ctx->tunnel_ext = key.tunnel_ext;
    ctx->local_ip = key.local_ipv4 + 1;
    ctx->family = fib.family + 1;
    ctx->ifindex = fib.ifindex + 1;
    ctx->tbid = fib.tot_len;
    ctx->version = ip.version + 1;
    ctx->protocol = ip.protocol + 1;
    ctx->saddr = ip.saddr;
    ctx->first = tuple.ipv4.saddr + 1;
    ctx->port = tuple.ipv4.sport + 1;
    return 0;
}
`;
  const given = {
    tunnel_id: "7n",
    tunnel_ext: 9,
    local_ip: 55,
    family: 2,
    ifindex: 3,
    tbid: 9,
    version: 4,
    protocol: 6,
    saddr: 9,
    first: 77,
    port: 80,
  };
  const lines = `json(b.prog_run("build", ${JSON.stringify(given).replace('"7n"', "7n")}).ctx);`;
  const [seen] = readJson(await runCli(["run", makeJsonScript(folder, "initialisers", c, lines)]));
  expect(seen).toEqual({
    tunnel_id: "8n",
    tunnel_ext: 0,
    local_ip: 56,
    family: 3,
    ifindex: 4,
    tbid: 0,
    version: 5,
    protocol: 7,
    saddr: 0,
    first: 78,
    port: 81,
  });
});
