import { BpftsError } from "../base/errors.ts";
import { featureRows } from "./doctor-features.ts";
import { kernelRows, mountRows } from "./doctor-kernel.ts";
import { rightRows } from "./doctor-rights.ts";
import type { DoctorFinding, DoctorOutside, DoctorRow } from "./doctor-row.ts";
import { toolRows } from "./doctor-tools.ts";

/** A finding with the name of its row. */
export interface DoctorReport extends DoctorFinding {
  readonly name: string;
}

/** Every question, in the order in which they are answered. */
export const doctorRows: readonly DoctorRow[] = [
  ...toolRows,
  ...kernelRows,
  ...mountRows,
  ...rightRows,
  ...featureRows,
];

/** Answers every question; a check that throws is a finding too. */
export function readDoctorReports(
  outside: DoctorOutside,
  rows: readonly DoctorRow[] = doctorRows,
): readonly DoctorReport[] {
  return rows.map((row) => ({ name: row.name, ...readFinding(row, outside) }));
}

function readFinding(row: DoctorRow, outside: DoctorOutside): DoctorFinding {
  try {
    return row.check(outside);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    const advice = error instanceof BpftsError ? error.hint : undefined;
    return { state: row.failure, found, advice: advice ?? "see the message" };
  }
}
