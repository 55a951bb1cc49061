import { connect as connectNet } from 'node:net';
import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Http2World, stillServes, until } from './http2-world.fixture.js';
import { data, endHeaders, headers, types, usual } from './wire.fixture.js';

let world: Http2World;
let session: ClientHttp2Session;
beforeAll(async () => {
  world = await Http2World.begin();
  session = connect('https://acme.lapidary.localhost', { createConnection: () => connectNet(world.port, '127.0.0.1') });
});
afterAll(async () => {
  session.destroy();
  await world.end();
});

const ask = (path: string, more: Record<string, string> = {}, body?: string): Promise<IncomingHttpHeaders & { body: string }> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ...more }, { endStream: body === undefined });
    let told: IncomingHttpHeaders = {};
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    stream.on('response', (head) => (told = head));
    stream.on('continue', () => stream.end(body));
    stream.on('error', reject);
    stream.on('end', () => resolve({ ...told, body: text }));
  });

describe('an answer over HTTP/2', () => {
  it('holds lists in one line and cookies in one each; what should come once and came twice is no reason to fall over', async () => {
    world.answers['/twice'] = ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'vary', 'a', 'vary', 'b', 'etag', '"1"', 'etag', '"2"', 'content-language', 'de', 'content-language', 'fr']; // oxfmt-ignore
    expect(await ask('/twice')).toMatchObject({
      ':status': 200,
      'set-cookie': ['a=1', 'b=2'],
      vary: 'a, b',
      etag: '"1", "2"',
      'content-language': 'de, fr',
      body: 'got ',
    });
  });

  it('holds fields that are named as what every object has', async () => {
    world.answers['/named'] = ['constructor', 'a', '__proto__', 'b', 'constructor', 'c'];
    const answer = await ask('/named');
    expect([answer['constructor'], Object.getOwnPropertyDescriptor(answer, '__proto__')?.value]).toEqual(['a, c', 'b']);
  });

  it('holds bytes above ASCII as the stamp sent them', async () => {
    world.answers['/name'] = ['x-name', 'caf\xe9'];
    expect(await ask('/name')).toMatchObject({ ':status': 200, 'x-name': 'caf\xe9' });
  });

  it('comes behind those that are not the last, each as frames of its stream', async () => {
    world.hints['/hinted'] = ['103 Early Hints\r\nLink: </a.css>\r\nConnection: x-hop\r\nX-Hop: 1', '102 Processing'];
    const told: string[][] = [];
    const stream = session.request({ ':path': '/hinted' });
    stream.on('headers', (head) => told.push(Object.entries(head).map(([name, value]) => `${name}: ${String(value)}`)));
    const answer = await new Promise<IncomingHttpHeaders>((resolve) => stream.on('response', resolve));
    expect(told).toEqual([[':status: 103', 'link: </a.css>'], [':status: 102']]);
    expect(answer[':status']).toBe(200);
    stream.close();
  });

  it('holds nothing that belongs to the stamp’s connection', async () => {
    world.answers['/hop'] = ['connection', 'x-hop', 'x-hop', '1', 'keep-alive', 'timeout=5', 'proxy-connection', 'close', 'upgrade', 'h2c', 'te', 'x', 'x-end', '1']; // oxfmt-ignore
    const answer = await ask('/hop');
    expect(answer).toMatchObject({ ':status': 200, 'x-end': '1' });
    for (const name of ['connection', 'x-hop', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'transfer-encoding'])
      expect(answer).not.toHaveProperty(name);
  });

  it('that HTTP/2 can’t tell is a bad answer of the stamp, and told so', async () => {
    for (const path of ['/700', '/999']) {
      world.answers[path] = ['x-a', '1'];
      const answer = await ask(path);
      expect([answer[':status'], answer['x-lapidary-error'], answer['x-a']]).toEqual([502, 'stamp_bad_answer', undefined]);
    }
    expect(await ask('/')).toMatchObject({ ':status': 200 });
  });

  it('of 100 comes to who waits for it, before the body is sent', async () => {
    expect(await ask('/', { ':method': 'POST', expect: '100-continue' }, 'waited')).toMatchObject({ ':status': 200, body: 'got waited' });
  });

  it('that comes before the body has ended is whole, and the stream doesn’t stay for the rest (I3: nothing of it is read)', async () => {
    world.traffic.route({ tenant: 'strict', strictIn: ['eu'] });
    const wire = await world.open();
    const fields = usual('POST', '/').map(([name, value]) => [name, name === ':authority' ? 'strict.lapidary.localhost' : value] as const);
    wire.send(headers(1, fields, endHeaders), data(1, 'secret', 0));
    await until('the stream’s end', () => wire.resetOf(1) !== undefined);
    expect(wire.resetOf(1)).toBe(constants.NGHTTP2_NO_ERROR);
    expect(wire.of(types.headers, 1)).toHaveLength(1);
    await stillServes(wire, 3);
    wire.socket.destroy();
  });

  it('nobody waits for ends its stream when the request is given up', async () => {
    const wire = await world.open();
    world.onRequest = (request) => void request.destroy();
    wire.send(headers(1, usual('POST', '/'), endHeaders), data(1, 'x', 0));
    await until('the reset', () => wire.resetOf(1) !== undefined);
    world.onRequest = null;
    wire.socket.destroy();
  });
});
