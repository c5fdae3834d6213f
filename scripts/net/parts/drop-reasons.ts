/** Why a packet is dropped, in the words of cilium monitor. Source: bpf/lib/drop_reasons.h of Cilium */
export const drop_reasons: Readonly<Record<number, string>> = {
  132: "Invalid source ip",
  133: "Policy denied",
  134: "Invalid packet",
  141: "Error writing to packet",
  147: "Error retrieving tunnel key",
  154: "Error while correcting L4 checksum",
  155: "CT: Map insertion failed",
  157: "IP fragmentation not supported",
  158: "Service backend not found",
  160: "No tunnel/encapsulation endpoint",
  171: "Invalid identity",
  172: "Unknown sender",
  181: "Policy denied by denylist",
};

/** The same by the names that Hubble gives them. Source: enum DropReason in api/v1/flow/flow.proto of Cilium */
export const hubble_reasons: Readonly<Record<number, string>> = {
  132: "INVALID_SOURCE_IP",
  133: "POLICY_DENIED",
  134: "INVALID_PACKET_DROPPED",
  141: "ERROR_WRITING_TO_PACKET",
  147: "ERROR_RETRIEVING_TUNNEL_KEY",
  154: "ERROR_WHILE_CORRECTING_L4_CHECKSUM",
  155: "CT_MAP_INSERTION_FAILED",
  157: "IP_FRAGMENTATION_NOT_SUPPORTED",
  158: "SERVICE_BACKEND_NOT_FOUND",
  160: "NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT",
  171: "INVALID_IDENTITY",
  172: "UNKNOWN_SENDER",
  181: "POLICY_DENY",
};
