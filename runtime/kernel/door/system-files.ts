import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  statSync,
  statfsSync,
  writeFileSync,
} from "node:fs";

/** What the kernel says of a file. */
export interface FileFacts {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly uid: bigint;
  /** Units: bytes. */
  readonly size: bigint;
  /** When it was written last. Units: ns since 1970 */
  readonly mtimeNs: bigint;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** A name in a folder. */
export interface FolderEntry {
  readonly name: string;
  isDirectory(): boolean;
}

/** How a file is opened; each name is the flag of open(2). */
export interface OpenFlags {
  readonly directory?: boolean;
  readonly noFollow?: boolean;
  readonly nonBlocking?: boolean;
}

/** A file that is held open. Owner: whoever opened it closes it. */
export interface OpenFile {
  /** A path that leads to this very file, whatever its own path leads to by now. Source: proc_pid_fd(5) */
  readonly path: string;
  stat(): FileFacts;
  /** Reads into the whole of `into`, from a place in the file. Answers how many bytes there were. */
  read(into: Uint8Array, at: number): number;
  /** Twice is fine. */
  close(): void;
}

/**
 * Reads the files of a machine: /proc, /sys, tracefs, cgroups, and the binaries that processes run. `kernel/` and `session/` reach files by this
 * interface alone, and a unit test answers from a table of its own (`openFakeFiles`). A failure is Node's own error, with its `code`.
 */
export interface SystemFiles {
  readText(path: string, encoding?: "utf8" | "latin1"): string;
  readBytes(path: string): Buffer;
  /** Where a symbolic link leads, as it is written. */
  readLink(path: string): string;
  /** The path without symbolic links. */
  resolve(path: string): string;
  exists(path: string): boolean;
  mayExecute(path: string): boolean;
  stat(path: string): FileFacts;
  /** The same; undefined for what is not there, or may not be looked at. */
  find(path: string): FileFacts | undefined;
  /** Source: `f_type` of statfs(2), linux/magic.h */
  fileSystemType(path: string): number;
  list(folder: string): readonly FolderEntry[];
  open(path: string, flags?: OpenFlags): OpenFile;
  /** Writes a file that is there: an option of the kernel's. */
  write(path: string, text: string): void;
  makeFolder(path: string): void;
  removeFolder(path: string): void;
}

/** The files of this machine. */
export const systemFiles: SystemFiles = {
  readText: (path, encoding = "utf8") => readFileSync(path, encoding),
  readBytes: (path) => readFileSync(path),
  readLink: (path) => readlinkSync(path),
  resolve: (path) => realpathSync.native(path),
  exists: existsSync,
  mayExecute(path) {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
  stat: (path) => statSync(path, { bigint: true }),
  find(path) {
    try {
      return systemFiles.stat(path);
    } catch {
      return undefined;
    }
  },
  // Node 20 answers a number above 2^31 as a negative one.
  fileSystemType: (path) => statfsSync(path).type >>> 0,
  list: (folder) => readdirSync(folder, { withFileTypes: true }),
  open: openFile,
  write: (path, text) => writeFileSync(path, text),
  makeFolder: (path) => void mkdirSync(path),
  removeFolder: (path) => rmdirSync(path),
};

function openFile(path: string, flags: OpenFlags = {}): OpenFile {
  let fd: number | undefined = openSync(
    path,
    constants.O_RDONLY |
      (flags.directory === true ? constants.O_DIRECTORY : 0) |
      (flags.noFollow === true ? constants.O_NOFOLLOW : 0) |
      (flags.nonBlocking === true ? constants.O_NONBLOCK : 0),
  );
  const opened = fd;
  return {
    path: `/proc/self/fd/${opened}`,
    stat: () => fstatSync(opened, { bigint: true }),
    read: (into, at) => readSync(opened, into, 0, into.length, at),
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}
