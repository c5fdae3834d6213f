import { BPF } from "bpfts";
import { cut_text, find_pins } from "./pins.ts";

/** What the numbers of a policy's notices mean. */
export function open_catalogue(name: string, create: boolean) {
  const folder = find_pins(name);
  return new BPF({
    text: /* c */ `
struct endpoint {
    u32 identity;
    u8 is_ingress_enforced, is_egress_enforced, is_audited, unused;
    char name[64];
    char dev[16];
    char netns[64];
};
struct rule {
    char text[128];
};
BPF_HASH(endpoints, u32, struct endpoint, 4096);
BPF_HASH(rules, u32, struct rule, 8192);
`,
    pins: {
      endpoints: { path: `${folder}/endpoints`, create },
      rules: { path: `${folder}/rules`, create },
    },
  });
}

/** An endpoint as others are told of it. */
export interface CataloguedEndpoint {
  readonly id: number;
  readonly identity: number;
  readonly name: string;
  readonly dev: string;
  readonly netns?: string;
  readonly is_ingress_enforced: boolean;
  readonly is_egress_enforced: boolean;
  readonly is_audited: boolean;
}

/** Writes the catalogue of a policy in the place of an older one. */
export function write_catalogue(
  name: string,
  endpoints: readonly CataloguedEndpoint[],
  rules: readonly string[],
): void {
  const { tables } = open_catalogue(name, true);
  tables.endpoints.clear();
  tables.rules.clear();
  for (const [number, text] of rules.entries()) tables.rules.set(number, { text: cut_text(text, 128) });
  for (const one of endpoints)
    tables.endpoints.set(one.id, {
      identity: one.identity,
      is_ingress_enforced: one.is_ingress_enforced ? 1 : 0,
      is_egress_enforced: one.is_egress_enforced ? 1 : 0,
      is_audited: one.is_audited ? 1 : 0,
      unused: 0,
      name: cut_text(one.name, 64),
      dev: cut_text(one.dev, 16),
      netns: cut_text(one.netns ?? "", 64),
    });
}
