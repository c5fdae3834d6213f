/** An address with a port, in brackets where it is one of IPv6. */
export function join_port(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
