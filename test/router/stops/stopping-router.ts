/**
 * A router's traffic port that stops at SIGTERM as a router does: `node stopping-router.ts <fast|general> <port of a stamp>`. Tells its parent
 * the port.
 */
import { startTraffic } from '@lapidary/router/traffic.fixture';

const [path, stampPort] = process.argv.slice(2);
const graceMs = 5_000;
const timeouts = { connectMs: 2_000, headMs: 30_000, idleMs: 60_000 };
const traffic = await startTraffic([`http://127.0.0.1:${stampPort}`], { timeouts, on: path === 'general' ? 'general' : 'fast' });
process.on('SIGTERM', () => void traffic.server.drain(graceMs).then(() => process.exit(0)));
process.send?.({ port: traffic.port });
