import { process_id, thread_id } from "bpfts";

/** The type of an argument that is a list of processes, "185,186". */
export function process_list(text: string): number[] {
  return text.split(",").map(process_id);
}

/** The type of an argument that is a list of threads, "185,186". */
export function thread_list(text: string): number[] {
  return text.split(",").map(thread_id);
}
