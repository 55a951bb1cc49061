/** Memory of the router with many idle keep-alive connections: `npm run bench:router-idle -- --connections 10000`. Each has asked once. */
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { report } from '../report.ts';
import { residentMegabytes } from './cpu.ts';
import { startTarget } from './targets.ts';

const { values } = parseArgs({ options: { connections: { type: 'string', default: '10000' } } });
const connections = Number(values.connections);
const tenants = 1_000;
const upstream = createServer((_request, response) => void response.end('ok'));
await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
const target = await startTarget('fast', (upstream.address() as AddressInfo).port, tenants);

const ask = (i: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(target.port, '127.0.0.1', () =>
      socket.write(`GET / HTTP/1.1\r\nHost: t${i % tenants}.lapidary.localhost\r\n\r\n`),
    );
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });

try {
  const before = residentMegabytes(target.pid);
  const sockets: Socket[] = [];
  while (sockets.length < connections) sockets.push(...(await Promise.all(Array.from({ length: 100 }, (_, i) => ask(sockets.length + i)))));
  const megabytes = residentMegabytes(target.pid);
  report('router-idle', 'npm run bench:router-idle', [
    { subject: 'router', metric: 'without connections', unit: 'MB', samples: [before] },
    { subject: 'router', metric: `${connections} idle connections`, unit: 'MB', samples: [megabytes] },
  ]);
  for (const socket of sockets) socket.destroy();
} finally {
  await target.stop();
}
process.exit();
