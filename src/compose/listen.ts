// Where the server listens, and who can reach it there.
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

/** `http://host:port`, once it listens. An IPv6 address may stand in the brackets that URLs put it in. */
export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(whyNot(error, host, port), { cause: error })),
    );
    server.listen(port, host.replace(/^\[(.+)\]$/, '$1'), () => {
      const { address, port: actual, family } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`);
    });
  });
}

const NO_SUCH_ADDRESS: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN']);

function whyNot({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${host} is taken: stop what listens there, or choose another with --port or QUORUM_PORT.`;
  if (code === 'EACCES')
    return `Port ${port} on ${host} may not be used by this user: choose one from 1024 on with --port or QUORUM_PORT.`;
  if (NO_SUCH_ADDRESS.has(code))
    return `This machine has no address ${host}: choose another with --host or QUORUM_HOST, such as 127.0.0.1, or 0.0.0.0 for all.`;
  return `Can't listen on ${host}, port ${port}: ${message}`;
}
