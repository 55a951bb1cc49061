import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { loadConfig } from './load.js';
import { RouterConfigSchema } from './router.js';
import { explainEnd } from './end-with-error.js';

const thrownBy = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('a process that cannot start says', () => {
  it('which address is taken, and where ports are set', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const [error] = (await once(createServer().listen(port, '127.0.0.1'), 'error')) as [Error];
    taken.close();
    expect(explainEnd(error)).toBe(
      `config_invalid: Cannot listen at 127.0.0.1:${port}: another process listens there; end it, or choose another port (EADDRINUSE)\n` +
        'check: Correct the listed variables; docs/reference/config.md describes each.\n',
    );
  });

  it('every variable that is not set, by name, and the page that describes them', () => {
    const said = explainEnd(thrownBy(() => loadConfig(RouterConfigSchema, { LAPIDARY_NATS_URL: '', LAPIDARY_HTTP_PORT: 'http' })));
    expect(said).toContain('LAPIDARY_REGION: is not set, and has no default');
    expect(said).toContain('LAPIDARY_NATS_URL: is not set, and has no default');
    expect(said).toContain('LAPIDARY_HTTP_PORT: is no number');
    expect(said).toMatch(/\ncheck: .*docs\/reference\/config\.md/);
  });

  it('what it does not know itself, with what the system said', () => {
    expect(explainEnd(new Error('disk on fire'))).toMatch(/^internal: .* \(disk on fire\)\ncheck: .+\n$/);
  });
});
