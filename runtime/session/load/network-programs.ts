import type { LinkReply, NetworkArgument } from "../../../sdk/wire/network-calls.ts";

/** The programs that a unit has in the network, by the numbers of their links. */
export interface NetworkPrograms {
  /** Loads a function and puts it on its place, where it stays until its link is closed. @throws AttachError, PrivilegeError, UnsupportedFeatureError, VerifierError */
  open(argument: NetworkArgument): LinkReply;
  /** Puts another function in the place of a link's, without a gap. @throws AttachError */
  update(link: number, fnName: string): void;
  /** Gives a link a name in a BPF file system, where it stays attached. @throws AttachError */
  pin(link: number, path: string): void;
  /** Whether a link's device has gone; the link holds nothing then. */
  isLost(link: number): boolean;
  /** Detaches; twice is fine. */
  closeLink(link: number): void;
}

/** What an attachment answers that a check only looks at. */
export const checkedLink: LinkReply = {
  link: 0,
  id: null,
  dev: null,
  ifindex: null,
  netns: 0,
  mode: null,
  via: "check",
};

/** Programs that are in no kernel: `look` may refuse what is asked for. */
export function makeCheckedNetwork(look: (argument: NetworkArgument) => void): NetworkPrograms {
  return {
    open(argument) {
      look(argument);
      return checkedLink;
    },
    update: () => undefined,
    pin: () => undefined,
    isLost: () => false,
    closeLink: () => undefined,
  };
}
