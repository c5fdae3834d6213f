// Shows the golden tier what an ordinary user sees: only root may read tracefs and debugfs, and root runs CI.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const isRoots = (path: unknown): boolean =>
  (typeof path === "string" || path instanceof URL) &&
  /^(?:file:\/\/)?\/sys\/kernel\/(?:tracing|debug)\//.test(String(path));

function refuse(path: unknown): never {
  throw Object.assign(new Error(`EACCES: permission denied, open '${String(path)}'`), { code: "EACCES", errno: -13 });
}

const { existsSync, openSync, readFileSync, readdirSync, statSync } = fs;
Object.assign(fs, {
  existsSync: (path: fs.PathLike) => !isRoots(path) && existsSync(path),
  openSync: ((path, ...rest) => (isRoots(path) ? refuse(path) : openSync(path, ...rest))) as typeof openSync,
  readFileSync: ((path: fs.PathOrFileDescriptor, ...rest: []) =>
    isRoots(path) ? refuse(path) : readFileSync(path, ...rest)) as typeof readFileSync,
  readdirSync: ((path: fs.PathLike, ...rest: []) =>
    isRoots(path) ? refuse(path) : readdirSync(path, ...rest)) as typeof readdirSync,
  statSync: ((path: fs.PathLike, ...rest: []) =>
    isRoots(path) ? refuse(path) : statSync(path, ...rest)) as typeof statSync,
});
syncBuiltinESMExports();
