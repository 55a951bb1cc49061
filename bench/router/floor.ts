/**
 * What the router's bytes cost in Node without a router: tier B's handles, and no line of logic between them.
 * `node floor.ts <pass|answer> <port> <upstream port>`
 * - pass: what a client sends goes to an upstream connection of its own as it came, and so back: the two reads and two writes of a proxied request.
 * - answer: each read of a client is answered at once: the read and the write that are left where requests travel on links, whose own are a few in a hundred.
 */
import { latin1 } from '@lapidary/router/http1/characters';
import { RawTransport } from '@lapidary/router/transport/raw-transport';
import type { Wire, WireHandler } from '@lapidary/router/transport/wire';
import { usualAnswerBytes } from './shapes.ts';

const [mode, port, upstreamPort] = process.argv.slice(2);
const transport = new RawTransport();
const answer = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${usualAnswerBytes}\r\nx-request-id: 01aryz6s41tsv4rrffq69g5fav-000000000\r\n\r\n${'x'.repeat(usualAnswerBytes)}`;

const ends = (other: () => void): Pick<WireHandler, 'onEnd' | 'onDrain' | 'onClose'> => ({
  onEnd: other,
  onDrain: () => undefined,
  onClose: other,
});

const answering = (client: Wire): WireHandler => ({ onRead: () => void client.write(answer), ...ends(() => client.destroy()) });

const passing = (client: Wire): WireHandler => {
  let early = '';
  let isThere = false;
  const end = (): void => {
    client.destroy();
    upstream.destroy();
  };
  const upstream = transport.connect('127.0.0.1', Number(upstreamPort), {
    onConnect: () => {
      isThere = true;
      if (early !== '') upstream.write(early);
    },
    onRead: (bytes, length) => void client.write(latin1(bytes, 0, length)),
    ...ends(end),
  });
  return {
    onRead: (bytes, length) => {
      const text = latin1(bytes, 0, length);
      if (isThere) upstream.write(text);
      else early += text;
    },
    ...ends(end),
  };
};

await transport.listen({ host: '127.0.0.1', port: Number(port) }, mode === 'answer' ? answering : passing);
