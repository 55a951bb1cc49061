import fc from 'fast-check';
import { choosePorts, fixedPorts, portNames, preferredPorts, type PortMap } from './ports.js';

const names = portNames(['eu', 'us']);
const allFree = {
  isFree: () => Promise.resolve(true),
  anyFree: (taken: ReadonlySet<number>) => Promise.resolve(Math.max(20_000, ...taken) + 1),
};
const without = (...occupied: number[]) => ({ ...allFree, isFree: (port: number) => Promise.resolve(!occupied.includes(port)) });
const nothing: PortMap = {};

describe('ports', () => {
  test('fixed comes before kept, kept before preferred, preferred before any', async () => {
    const { ports, moved } = await choosePorts(
      names,
      { fixed: { 'router-eu': 1111 }, before: { 'router-eu': 2222, 'nats-eu': 3333 }, preferred: preferredPorts(['eu']) },
      allFree,
    );
    expect(ports).toMatchObject({ 'router-eu': 1111, 'nats-eu': 3333, 'control-plane-eu': 7400 });
    expect(ports['nats-us']).toBeGreaterThan(20_000);
    expect(moved).toEqual([{ name: 'router-eu', from: 2222, to: 1111 }]);
  });

  test('a kept port that somebody else took is replaced, and that is told', async () => {
    const { ports, moved } = await choosePorts(names, { fixed: nothing, before: { 'nats-eu': 3333 }, preferred: nothing }, without(3333));
    expect(moved).toEqual([{ name: 'nats-eu', from: 3333, to: ports['nats-eu'] }]);
  });

  test('a fixed port that is taken is an error that names the port and both ways to fix another', async () => {
    await expect(choosePorts(names, { fixed: { 'router-eu': 1111 }, before: nothing, preferred: nothing }, without(1111))).rejects.toThrow(
      /1111.*--port router-eu=.*LAPIDARY_PORT_ROUTER_EU/,
    );
  });

  test('no two things ever get the same port, whatever was fixed, kept and preferred', async () => {
    const someMap = fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 12 }));
    await fc.assert(
      fc.asyncProperty(someMap, someMap, fc.array(fc.integer({ min: 1, max: 12 })), async (before, preferred, occupied) => {
        const { ports } = await choosePorts(names, { fixed: nothing, before, preferred }, without(...occupied));
        const chosen = Object.values(ports);
        expect(chosen).toHaveLength(names.length);
        expect(new Set(chosen).size).toBe(names.length);
        expect(chosen.filter((port) => occupied.includes(port))).toEqual([]);
      }),
    );
  });

  test('flags win over the environment; unknown names and non-ports are refused with the names that exist', () => {
    expect(fixedPorts(names, ['router-eu=8000'], { LAPIDARY_PORT_ROUTER_EU: '9000', LAPIDARY_PORT_NATS_US: '4222' })).toEqual({
      'router-eu': 8000,
      'nats-us': 4222,
    });
    expect(() => fixedPorts(names, ['rooter-eu=8000'], {})).toThrow(/no "rooter-eu".*router-eu/);
    for (const bad of ['router-eu=0', 'router-eu=65536', 'router-eu=abc', 'router-eu'])
      expect(() => fixedPorts(names, [bad], {})).toThrow(/not a port/);
  });

  test('preferred ports of many regions never meet', () => {
    const ports = Object.values(preferredPorts(['a', 'b', 'c', 'd', 'e']));
    expect(new Set(ports).size).toBe(ports.length);
  });
});
