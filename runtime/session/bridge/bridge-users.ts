import { UsageError } from "../../base/errors.ts";
import { describeFileFailure } from "../../script/read-regular-file.ts";
import type { Handlers } from "./bridge-state.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** Where a Linux system keeps its own users. What a network service knows is not asked: that could take seconds. */
const PASSWD = "/etc/passwd";

/** The call about users. A script gets names and numbers alone, not the file. */
export function openUserCalls(path = PASSWD): Handlers<"list_users"> {
  return {
    list_users() {
      try {
        return parsePasswd(systemFiles.readText(path));
      } catch (cause) {
        throw new UsageError(`Cannot read the users of this machine from "${path}": ${describeFileFailure(cause)}`, {
          cause,
        });
      }
    },
  };
}

function parsePasswd(text: string): [name: string, uid: number][] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid] = line.split(":");
    return name && uid && /^\d+$/.test(uid) ? [[name, Number(uid)] as [string, number]] : [];
  });
}
