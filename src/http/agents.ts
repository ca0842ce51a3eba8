// Connections of what is passed through: to configured origins only, and never a kept one that spoke out of turn.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';

type Connect = (
  options: { readonly host?: string | null; readonly port?: number | string | null },
  onSocket: (error: Error | null) => void,
) => unknown;

/** `mayConnect` is asked where the socket is opened, whatever led there. */
export function openAgent(protocol: string, mayConnect: (origin: string) => boolean): HttpAgent {
  const options = { keepAlive: true, maxSockets: Infinity };
  const agent = protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  const inner = agent as unknown as { createConnection: Connect };
  const connect = inner.createConnection.bind(agent);
  inner.createConnection = (target, onSocket) => {
    if (mayConnect(originOf(protocol, target.host ?? '', target.port))) return connect(target, onSocket);
    onSocket(new Error(`${target.host} is not a configured provider`));
    return undefined;
  };
  const keep = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket: Duplex) => {
    const isKept = keep(socket) as unknown as boolean;
    if (isKept) socket.on('data', onStray);
    return isKept;
  };
  const reuse = agent.reuseSocket.bind(agent);
  agent.reuseSocket = (socket: Duplex, request) => {
    socket.off('data', onStray);
    reuse(socket, request);
  };
  return agent;
}

/** Nobody asked for anything. */
function onStray(this: Duplex): void {
  this.destroy();
}

/** An answer that nobody asked for may have come and not be read yet. A turn of the event loop later it is, and its socket is gone. */
export function settled({ freeSockets }: HttpAgent): Promise<void> | null {
  if (Object.keys(freeSockets).length === 0) return null;
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

function originOf(protocol: string, host: string, port: number | string | null | undefined): string {
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return new URL(`${protocol}//${name}${port ? `:${port}` : ''}`).origin;
}
