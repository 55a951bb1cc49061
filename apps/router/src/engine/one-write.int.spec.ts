import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import { requestBytes, startTraffic, TestDoors, type TestTraffic } from '../traffic.fixture.js';
import { NetTransport } from '../transport/net-transport.js';
import type { Slab } from '../transport/slab.js';
import { trustedHandles } from '../transport/wire-contract.fixture.js';
import type { Transport } from '../transport/wire.js';
import type { Chunk } from './upstream-lane.js';
import { WrappedTransport, WrappedWire } from './wrapped-transport.fixture.js';

class CountedWire extends WrappedWire {
  constructor(private readonly written: number[]) {
    super();
  }
  override write(chunk: Chunk): boolean {
    this.written.push(chunk.length);
    return super.write(chunk);
  }
  override writeSlab(slab: Slab): boolean {
    this.written.push(slab.size);
    return super.writeSlab(slab);
  }
}

/** Its wires note the bytes of each write, clients' and front doors' together. */
class CountedTransport extends WrappedTransport<CountedWire> {
  readonly name = 'counted';
  readonly written: number[] = [];

  protected wrap(): CountedWire {
    return new CountedWire(this.written);
  }
}

const transports: Readonly<Record<string, () => Transport>> = {
  'sockets of node:net': () => new NetTransport(),
  handles: trustedHandles,
};
const patience = { timeoutMs: 60_000, intervalMs: 5 };
const timeouts = { connectMs: 30_000, headMs: 30_000, idleMs: 30_000 };
const body = 'x'.repeat(1_024);
const answer = answerBytes('200 OK', [], 'y'.repeat(200));
const inChunks = ['Transfer-Encoding: chunked'];
const chunks = `400\r\n${body}\r\n0\r\n\r\n`;
const requests: Readonly<Record<string, string>> = {
  'a request without a body': requestBytes('GET'),
  'a head and its body': requestBytes('POST', '/', [], body),
  'a head and its body in chunks': requestBytes('POST', '/', inChunks, chunks),
};

for (const [name, transport] of Object.entries(transports))
  describe(`over ${name}:`, () => {
    const doors = new TestDoors();
    let traffic: TestTraffic;
    let counted: CountedTransport;
    let client: Socket;
    let heard: string;
    beforeEach(async () => {
      const door = await doors.raw((socket, soFar) => {
        if (/(^|\r\n\r\n)GET ([^\r]+\r\n)+\r\n$|x{1024}(\r\n0\r\n\r\n)?$/.test(soFar)) socket.write(answer);
      });
      counted = new CountedTransport(transport());
      traffic = await startTraffic([door.url], { transport: counted, timeouts });
      client = connect(traffic.port, '127.0.0.1').setNoDelay(true);
      await once(client, 'connect');
      client.on('data', (bytes) => (heard += bytes.toString('latin1')));
      // A connection to the front door is there from now on.
      await ask(requestBytes('GET'));
    });
    afterEach(async () => {
      client.destroy();
      await traffic.close();
      await doors.close();
    });

    const answered = (): Promise<unknown> => waitFor('the answer', () => heard.endsWith('y'.repeat(200)) || undefined, patience);
    /** Of one request that is read in one piece: what was written for it. */
    const ask = async (request: string): Promise<readonly number[]> => {
      heard = '';
      counted.written.length = 0;
      client.write(request);
      await answered();
      return counted.written;
    };

    for (const [what, request] of Object.entries(requests))
      it(`${what}, read in one piece, is one write, and so is its answer`, async () => {
        const written = await ask(request);
        expect(written).toHaveLength(2);
        expect(written[0]).toBeGreaterThan(request.length);
        expect(written[1]).toBeGreaterThan(answer.length);
      });

    it('a head does not wait for a body that comes later', async () => {
      heard = '';
      counted.written.length = 0;
      client.write(requests['a head and its body']!.slice(0, -body.length));
      await waitFor('the head to be sent on', () => counted.written.length === 1 || undefined, patience);
      client.write(body);
      await answered();
      expect(counted.written.slice(0, 2)).toEqual([counted.written[0], body.length]);
    });
  });
