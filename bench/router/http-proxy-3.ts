/** `node http-proxy-3.ts <port> <upstream port>`: the usual way to use it, with the keep-alive agent that its users are told to give it. */
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [port, upstreamPort] = process.argv.slice(2);
const proxy = createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent: new Agent({ keepAlive: true }) });
proxy.on('error', (_error, _request, response) => void response.destroy());
createServer((request, response) => void proxy.web(request, response)).listen(Number(port), '127.0.0.1');
