import { createServer, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { AnsweringEnd } from '@lapidary/stamp-sdk/link/answering-end';
import { defaultSettings } from '@lapidary/stamp-sdk/link/hello';
import { LinkSocket } from '@lapidary/stamp-sdk/link/link-socket';
import type { LinkStream, StreamListener } from '@lapidary/stamp-sdk/link/link-stream';
import { linkUpgradeAnswer, wantsLink } from '@lapidary/stamp-sdk/link/upgrade-link';

/**
 * An upstream for benchmarks that speaks the stamp link, and plain HTTP/1.1 until a link is open:
 *   node bench/router/link-upstream.ts --port 9000 --stamp eu-1 --bytes 100
 * Every request is answered 200 with a body of so many bytes; it prints its port when it listens.
 */
const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
};
const stamp = option('stamp', 'eu-1');
const body = Buffer.alloc(Number(option('bytes', '100')), 'x');
const head = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n`;

const nothing = (): void => undefined;

/** Answers when the whole request is there. */
const answer = (stream: LinkStream): void => {
  stream.sendHead(head, body.length === 0);
  if (body.length > 0) stream.write(body, true);
};
const listenerOf = (stream: LinkStream): StreamListener => ({
  interim: nothing,
  head: nothing,
  data: (_, start, end) => stream.consumed(end - start),
  ended: () => answer(stream),
  reset: nothing,
  writable: nothing,
  lost: nothing,
});

const server = createServer({ shouldUpgradeCallback: wantsLink, keepAliveTimeout: 65_000 }, (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length }).end(body));
});
server.on('upgrade', (_: IncomingMessage, socket: Socket, first: Buffer) => {
  socket.write(linkUpgradeAnswer);
  const io = new LinkSocket(socket, { onOpen: nothing, onLeaving: nothing, onClosed: nothing, closesWhenDrained: false });
  const end = new AnsweringEnd({ stamp, key: null, settings: defaultSettings }, io, ({ isLast }, stream) => {
    if (isLast) answer(stream);
    return listenerOf(stream);
  });
  io.start(end, first);
  socket.on('data', (chunk: Buffer) => io.receive(chunk, chunk.length));
});
server.listen(Number(option('port', '0')), '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : address}\n`);
});
