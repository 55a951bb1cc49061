import { connect } from 'node:net';
import { waitFor } from '@lapidary/kernel/wait-for';
import { answerBytes, exchangeBytes } from '@lapidary/stamp-sdk/forward/forward.fixture';
import type { ListenPlace } from './listening.js';
import { onBothPaths, onPath, requestBytes, startTraffic, TestDoors, type TestTraffic } from './traffic.fixture.js';
import { NetTransport } from './transport/net-transport.js';
import type { Listener, Wire, WireHandler } from './transport/wire.js';

/** Counts every byte that the router reads from clients. */
class CountingTransport extends NetTransport {
  bytes = 0;

  override listen(place: ListenPlace, accept: (wire: Wire) => WireHandler): Promise<Listener> {
    return super.listen(place, (wire) => {
      const handler = accept(wire);
      const onRead = handler.onRead.bind(handler);
      handler.onRead = (bytes, length) => {
        this.bytes += length;
        onRead(bytes, length);
      };
      return handler;
    });
  }
}

const doors = new TestDoors();
let traffic: TestTraffic;
afterEach(async () => {
  await traffic.close();
  await doors.close();
});

const post = requestBytes('POST', '/orders', ['Content-Length: 5000000']);

onBothPaths(() => {
  it.each([
    ['eu', /^HTTP\/1.1 307 [^]*location: https:\/\/acme.eu.example.net\/orders\r\n[^]*connection: close\r\n/],
    ['ch', /^HTTP\/1.1 451 (?![^]*location:)[^]*connection: close\r\n/],
  ])('a tenant strict in %s is answered outside without a stamp, and nothing behind the head is taken (I3)', async (where, expected) => {
    const door = await doors.answering(() => answerBytes('200 OK', [], 'ok'));
    traffic = await startTraffic([door.url]);
    traffic.route({ strictIn: [where] });
    expect(await exchangeBytes(traffic.port, post)).toMatch(expected);
    const pipelined = await exchangeBytes(traffic.port, requestBytes('GET') + requestBytes('GET', '/second'));
    expect(pipelined.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
    expect(door.received).toEqual([]);
  });

  it('a tenant strict in the router’s own jurisdiction is served', async () => {
    const door = await doors.answering(() => answerBytes('200 OK', [], 'ok'));
    traffic = await startTraffic([door.url]);
    traffic.route({ strictIn: ['us'] });
    expect(await exchangeBytes(traffic.port, requestBytes('GET'), /ok$/)).toMatch(/^HTTP\/1.1 200/);
  });
});

onPath('fast', () => {
  it('not one byte of a body is read outside, though the client sends 5 MB and waits for nothing (I3)', async () => {
    const counting = new CountingTransport();
    traffic = await startTraffic([], { transport: counting });
    traffic.route({ strictIn: ['eu'] });
    const client = connect({ port: traffic.port, host: '127.0.0.1', allowHalfOpen: true });
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    client.write(post);
    let answer = '';
    client.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    await waitFor('the redirect', () => /^HTTP\/1.1 307 /.test(answer) || undefined, { timeoutMs: 60_000, intervalMs: 2 });
    client.write(Buffer.alloc(5_000_000));
    await closed;
    expect(counting.bytes).toBe(post.length);
  });
});
