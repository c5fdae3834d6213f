/**
 * What is put behind the name of a user's type that the kernel has too. CO-RE takes what follows three underscores for a
 * flavour; it is cut off where names are shown.
 */
export const ownFlavour = "___own";

/** Cuts the flavour off every name in a text. */
export function dropOwnFlavour(text: string): string {
  return text.replaceAll(new RegExp(`(\\w)${ownFlavour}\\b`, "g"), "$1");
}
