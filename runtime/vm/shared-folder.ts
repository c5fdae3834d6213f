/** A folder that the guest may write to, at the same path. */
export interface SharedFolder {
  readonly path: string;
  /**
   * True keeps the owners that the guest sees beside the files: the guest's root owns what it makes although an ordinary user
   * runs qemu. Links are kept as files then: not for folders of the user's.
   */
  readonly hasOwnOwners: boolean;
}
