import type { Command } from "commander";
import { UsageError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { extraColumns } from "../../sdk/wire/row-choice.ts";
import type { ExtraColumn, RowChoice, RowCondition, RowOperator, RowSort } from "../../sdk/wire/row-choice.ts";

/** The options that `addRowOptions` adds. */
export interface RowFlags {
  readonly filter?: readonly string[];
  readonly fields?: string;
  readonly columns?: readonly string[];
  readonly sort?: string | undefined;
}

/** Adds the options by which the user chooses among rows. */
export function addRowOptions(command: Command): Command {
  return addEventOptions(command)
    .option(
      "--fields <names>",
      "only these columns of rows, in this order: comm,pid,ret; by their names in JSON or their heads",
    )
    .option(
      "--sort <field>",
      "rows of each interval, or of the end, in the order of a column or member, the smallest first; pid:desc for the largest first; events stay as they come",
    );
}

/** Adds those that choose among events, too. */
export function addEventOptions(command: Command): Command {
  return addFilterOption(command).option(
    "--columns <changes>",
    "add columns to rows and leave out others: +time,+container,+pod,+user,-pid; for all but +time the rows must have a field pid",
    (text: string, before: readonly string[] = []): readonly string[] => [...before, text],
  );
}

function addFilterOption(command: Command): Command {
  return command.option(
    "--filter <conditions>",
    "only rows whose fields meet all conditions: 'pid==1,comm~^ba', with == != >= <= > < ~ (a regular expression) !~; \\, is a comma, quotes keep blanks: comm==' x '",
    (text: string, before: readonly string[] = []): readonly string[] => [...before, text],
  );
}

/** Reads what the flags choose; undefined when they choose nothing. @throws UsageError for what is no condition */
export function readRowChoice({ filter = [], fields, columns: changes = [], sort }: RowFlags): RowChoice | undefined {
  if (filter.length === 0 && fields === undefined && changes.length === 0 && sort === undefined) return undefined;
  const conditions = filter.flatMap((text) =>
    splitConditions(text).map((part) => parseCondition(part.replaceAll("\\,", ","))),
  );
  const columns = fields?.split(",").map((name) => name.trim());
  if (columns?.includes("") === true)
    throw new UsageError(`--fields "${fields!}": a name is missing`, { hint: "for example: --fields comm,pid" });
  return {
    conditions,
    columns: columns ?? null,
    ...readChanges(changes),
    ...(sort !== undefined && { sort: parseSort(sort) }),
  };
}

function parseSort(text: string): RowSort {
  const [, field = "", direction] = /^\s*(.*?)(?::(asc|desc))?\s*$/.exec(text) ?? [];
  const wrong = /^[-+]|[:,]/.test(field);
  if (field === "" || wrong)
    throw new UsageError(`--sort "${text}": ${field === "" ? "no field is named" : "this is no field"}`, {
      hint: "one column and, for the largest first, :desc, for example: --sort ns:desc",
    });
  return { field, descending: direction === "desc" };
}

function readChanges(texts: readonly string[]): Pick<RowChoice, "added" | "removed"> {
  const changes = texts.flatMap((text) => text.split(",").map((change) => change.trim()));
  for (const change of changes)
    if (!/^[+-]./.test(change))
      throw new UsageError(
        `--columns "${texts.join(",")}": ${change === "" ? "a name is missing" : `"${change}" has no sign`}`,
        {
          hint: `+NAME adds a column (${extraColumns.join(", ")}), -NAME leaves one out; --fields names all that are wanted`,
        },
      );
  const names = (sign: string): string[] =>
    changes.filter((change) => change.startsWith(sign)).map((change) => change.slice(1));
  return { added: [...new Set(names("+").map(requireExtra))], removed: names("-") };
}

function requireExtra(name: string): ExtraColumn {
  const found = extraColumns.find((known) => known === name.toLowerCase());
  if (found !== undefined) return found;
  const similar = findSimilar(name, extraColumns);
  throw new UsageError(`--columns +${name}: there is no column of that name to add`, {
    hint: similar === undefined ? `there are: ${extraColumns.join(", ")}` : `did you mean "+${similar}"?`,
  });
}

/** A value in quotes: it may have commas, and blanks at its ends. */
const quoted = /(?<=[=!<>~]\s*)(["'])((?:(?!\1).)*)\1(?=\s*(?:,|$))/gs;

function splitConditions(text: string): readonly string[] {
  return text.replace(quoted, (value) => value.replace(/(?<!\\),/g, "\\,")).split(/(?<!\\),/);
}

function parseCondition(text: string): RowCondition {
  const [, field = "", operator = "", bare = ""] =
    /^\s*([^=!<>~]*?)\s*(==|!=|>=|<=|!~|>|<|~|=)\s*(.*?)\s*$/s.exec(text) ?? [];
  const value = bare.replace(/^(["'])(.*)\1$/s, "$2");
  if (field === "" || operator === "")
    throw new UsageError(`--filter "${text}": this is no condition`, {
      hint: "a field, an operator and a value, such as pid==1 or comm~^ba; a comma in a value is written \\,",
    });
  if (operator === "=") {
    const [, meant = "==", rest = value] = /^([~<>])\s*(.*)$/s.exec(value) ?? [];
    const [name, right] =
      meant === "~"
        ? ["an expression that fits is", "~"]
        : meant === "=="
          ? ["equal is", "=="]
          : ["or equal is", `${meant}=`];
    throw new UsageError(`--filter "${text}": there is no operator =${meant === "==" ? "" : meant}`, {
      hint: `${name} ${right}: ${field}${right}${rest}`,
    });
  }
  // In a value they would be characters that no row has.
  const joint =
    bare === value && !operator.includes("~") ? /&&|\|\||\b(?:and|or)\b(?=.*[=<>~])/i.exec(value)?.[0] : undefined;
  if (joint !== undefined)
    throw new UsageError(`--filter "${text}": there is no ${joint} between conditions`, {
      hint: /^(?:&&|and)$/i.test(joint)
        ? `a comma joins them: ${text.replace(/\s*(?:&&|\band\b)\s*/gi, ",").trim()}; a value in quotes may have ${joint}`
        : `all conditions have to be met; an expression takes several values: ${field}~'^(a|b)$'; a value in quotes may have ${joint}`,
    });
  if (operator === "~" || operator === "!~") requireExpression(text, value);
  return { field, operator: operator as RowOperator, value };
}

function requireExpression(text: string, expression: string): void {
  try {
    void new RegExp(expression);
  } catch (cause) {
    throw new UsageError(`--filter "${text}": ${(cause as Error).message}`, { cause });
  }
}
