// The requests that are under way, so that a stop can wait for them, and end those that take too long.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Abort, QuorumError, Roster, type AbortWatch } from '../contract/index.ts';

export interface Visits {
  /** The signal aborts when the client has gone, or with the error that ends the request. Throws where its connection has too many under way. */
  enter(id: string, response: ServerResponse): AbortWatch;
  readonly size: number;
  /** Resolves as soon as nobody is in. */
  idle(): Promise<void>;
  end(error: QuorumError): void;
}

/** Whoever asks without waiting for answers may have so many under way on one connection: one write could begin, and bill, thousands. */
const MOST_ON_A_CONNECTION = 100;

export function createVisits(onCount: (change: 1 | -1) => void): Visits {
  const inside = new Roster<Abort>();
  const waiting = new Set<() => void>();
  const bySocket = new WeakMap<Socket, ServerResponse[]>();

  /** Up to Node 22 the end of a connection is told only to the answer whose turn it is; those pipelined behind it would wait for ever. */
  function watch(response: ServerResponse): ServerResponse[] {
    const { socket } = response.req;
    const known = bySocket.get(socket);
    if (known !== undefined) {
      known.push(response);
      return known;
    }
    const open = [response];
    bySocket.set(socket, open);
    const tell = (): void => {
      // Each leaves the list as it hears of it.
      for (const each of open.slice()) {
        if (each.socket !== null) continue;
        each.destroyed = true;
        each.emit('close');
      }
    };
    // Later versions tell them all, but after this listener: whoever heard of it is no longer among the open ones then.
    socket.on('close', () => setImmediate(tell));
    return open;
  }

  return {
    enter(id, response) {
      if ((bySocket.get(response.req.socket)?.length ?? 0) >= MOST_ON_A_CONNECTION) throw tooMany();
      const visit = new Abort();
      inside.set(id, visit);
      onCount(1);
      const open = watch(response);
      response.on('close', () => {
        open.splice(open.indexOf(response), 1);
        inside.delete(id);
        onCount(-1);
        if (!response.writableFinished) visit.abort();
        if (inside.size > 0) return;
        for (const done of waiting) done();
        waiting.clear();
      });
      return visit;
    },
    get size() {
      return inside.size;
    },
    idle: () => (inside.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
    end(error) {
      for (const visit of inside.values()) visit.abort(error);
    },
  };
}

const tooMany = (): QuorumError =>
  new QuorumError(
    'rate_limit_exceeded',
    `At most ${MOST_ON_A_CONNECTION} requests of one connection are worked on at the same time; read their answers first.`,
    { retryAfterMs: 1_000 },
  );
