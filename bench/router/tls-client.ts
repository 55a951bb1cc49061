/**
 * As fast as kept TLS connections are answered: `node tls-client.ts <port> <connections> <seconds> <tenants>` prints what it counted as one line of JSON (LoadResult).
 * A client in Node costs more than what it measures; it runs on a processor of its own, and only the proxy's CPU is compared.
 */
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import type { LoadResult } from './load.ts';

const [port, connections, seconds, tenants] = process.argv.slice(2).map(Number) as [number, number, number, number];
const took: number[] = [];
const until = performance.now() + seconds * 1000;
let [errors, open, sent] = [0, connections, 0];

const request = (): string =>
  `GET /api/orders/${(sent += 1)}?page=1 HTTP/1.1\r\nHost: t${sent % tenants}.lapidary.localhost\r\n` +
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n' +
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n' +
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n' +
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nReferer: http://t.lapidary.localhost/orders\r\nX-Client: bench\r\n\r\n';

const quantileUs = (q: number): number => (took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0) * 1000;

const end = (): void => {
  took.sort((a, b) => a - b);
  const { user, system } = process.cpuUsage();
  const [, waitedNs] = readFileSync('/proc/self/schedstat', 'utf8').split(' ').map(Number);
  const [p50Us, p99Us, p999Us, maxUs] = [0.5, 0.99, 0.999, 1].map(quantileUs) as [number, number, number, number];
  const result: LoadResult = {
    ...{ requests: took.length, errors, refused: 0, lost: 0, statuses: {}, seconds, p50Us, p99Us, p999Us, maxUs },
    cpuSeconds: (user + system) / 1e6,
    waitedSeconds: waitedNs! / 1e9,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit();
};

for (let i = 0; i < connections; i++) {
  const options = { port, host: '127.0.0.1', servername: 't0.lapidary.localhost', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] };
  let text = '';
  let askedMs = 0;
  const ask = (): void => {
    text = '';
    askedMs = performance.now();
    socket.write(request());
  };
  const over = (): void => {
    if ((open -= 1) === 0) end();
  };
  const socket = connect(options, ask);
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    if (head < 0 || text.length < head + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)) return;
    if (!text.startsWith('HTTP/1.1 200 ')) errors += 1;
    took.push(performance.now() - askedMs);
    if (performance.now() < until) ask();
    else socket.end();
  });
  socket.once('error', () => (errors += 1)).once('close', over);
}
