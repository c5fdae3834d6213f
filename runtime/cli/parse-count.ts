import { InvalidArgumentError } from "commander";

/** Reads an option's whole number from 1. @throws InvalidArgumentError */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 0x7fffffff)
    throw new InvalidArgumentError("give a whole number from 1");
  return value;
}
