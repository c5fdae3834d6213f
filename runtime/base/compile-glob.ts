/** Whether names fit a glob; all of a name must fit. */
export function compileGlob(glob: string): (name: string) => boolean {
  const source = glob.replace(/\[!?[^\]]*\]|[^]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    return part.length > 1
      ? part.replace("[!", "[^").replaceAll("\\", "\\\\")
      : part.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  });
  const expression = new RegExp(`^${source}$`, "s");
  return (name) => expression.test(name);
}
