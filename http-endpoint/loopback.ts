/** Whether a server that listens there can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** @param authority of a `Host` header: a name or address, with a port or without */
export function isLoopbackAuthority(authority: string | undefined): boolean {
  const host = (authority ?? '').toLowerCase().replace(/:\d+$/, '');
  return isLoopback(host.replace(/^\[(.*)\]$/, '$1'));
}
