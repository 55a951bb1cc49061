import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Requests of one connection that node:http has handed over. */
interface Queue {
  isBusy: boolean;
  /** Each is told whether its turn has come. */
  readonly waiting: ((comes: boolean) => void)[];
}

/**
 * node:http hands over whatever a client has pipelined, one request behind the other, without waiting for any answer. Here those of a connection have their
 * turns: RFC 9112 §9.3.2 allows them to be worked on at once only where all of them are safe. What always holds:
 * - T1 A request begins when the answer to the one before it is out, or its connection is over.
 * - T2 A connection with a request that waits is not read on: what waits is what had been read before.
 * - T3 No request is granted an upgrade while another one is under way (isBusy): node:http would hand its socket over in the middle of the other's answer.
 */
export class RequestTurns {
  private readonly queues = new WeakMap<Duplex, Queue>();

  isBusy(socket: Duplex): boolean {
    return this.queues.get(socket)?.isBusy === true;
  }

  /** null: its turn is now. Else whether it comes; it doesn't where the connection is over, or was dropped. Whose turn it is calls end(). */
  begin(socket: Duplex): Promise<boolean> | null {
    const queue = this.of(socket);
    if (!queue.isBusy) {
      queue.isBusy = true;
      return null;
    }
    // Behind the piece that is being read: node:http itself reads on with each message that is whole.
    if (queue.waiting.length === 0) queueMicrotask(() => queue.waiting.length > 0 && socket.pause());
    return new Promise((resolve) => queue.waiting.push(resolve));
  }

  /** The request is done with, though its answer may be on its way still. */
  end(socket: Duplex, response: ServerResponse): void {
    if (response.closed || socket.destroyed) this.next(socket);
    else response.once('close', () => this.next(socket));
  }

  /** Those that wait have no turn any more: what they begin with is not known. */
  drop(socket: Duplex): void {
    for (const tell of this.queues.get(socket)?.waiting.splice(0) ?? []) tell(false);
  }

  private next(socket: Duplex): void {
    const queue = this.of(socket);
    const next = queue.waiting.shift();
    queue.isBusy = next !== undefined;
    if (next !== undefined && queue.waiting.length === 0) socket.resume();
    next?.(true);
  }

  private of(socket: Duplex): Queue {
    const known = this.queues.get(socket);
    if (known) return known;
    const made: Queue = { isBusy: false, waiting: [] };
    this.queues.set(socket, made);
    socket.once('close', () => this.drop(socket));
    return made;
  }
}
