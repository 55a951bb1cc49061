import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { freePort, isPortFree } from './free-port.js';
import { writeWholeFile } from './whole-file.js';

/** Name of what listens → port. */
export type PortMap = Readonly<Record<string, number>>;

const PortMapSchema = z.record(z.string(), z.number().int().min(1).max(65535));

/** What listens in a region; each has a port of its own. Order is that of the preferred numbers. */
const portKinds = ['control-plane', 'router', 'router-admin', 'postgres', 'nats'] as const;
export type PortKind = (typeof portKinds)[number];
export const portName = (kind: PortKind, region: string): string => `${kind}-${region}`;
/** Of everything that listens in these regions. */
export const portNames = (regions: readonly string[]): string[] =>
  regions.flatMap((region) => portKinds.map((kind) => portName(kind, region)));
export const portVariable = (name: string): string => `LAPIDARY_PORT_${name.toUpperCase().replaceAll('-', '_')}`;

/** Numbers that are easy to remember; taken where they are free: 7400 … of the first region, 7410 … of the second. */
const preferredBase = 7400;
const preferredStep = 10;

export const preferredPorts = (regions: readonly string[]): PortMap =>
  Object.fromEntries(
    regions.flatMap((region, i) => portKinds.map((kind, k) => [portName(kind, region), preferredBase + i * preferredStep + k])),
  );

/** What the user fixed: flags before environment. Names that do not exist and values that are no ports are refused. */
export const fixedPorts = (
  names: readonly string[],
  flags: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): PortMap => {
  const fixed: Record<string, string> = {};
  for (const name of names) {
    const value = env[portVariable(name)];
    if (value) fixed[name] = value;
  }
  for (const flag of flags) {
    const [name = '', value = ''] = flag.split('=');
    if (!names.includes(name)) throw new Error(`--port ${flag}: there is no "${name}"; ports are: ${names.join(', ')}`);
    fixed[name] = value;
  }
  return Object.fromEntries(
    Object.entries(fixed).map(([name, value]) => {
      const port = Number(value);
      if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`port of ${name}: "${value}" is not a port`);
      return [name, port];
    }),
  );
};

export interface PortChoice {
  readonly ports: PortMap;
  /** Ports of an earlier run that somebody else uses now: what was told the old number must learn the new one. */
  readonly moved: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

/**
 * One port for every name: fixed, else the one of the run before, else the preferred one, else a free one. A fixed port that
 * is taken is an error, since somebody counts on it.
 */
export const choosePorts = async (
  names: readonly string[],
  sources: { readonly fixed: PortMap; readonly before: PortMap; readonly preferred: PortMap },
  probe: { isFree(port: number): Promise<boolean>; anyFree(taken: ReadonlySet<number>): Promise<number> } = {
    isFree: isPortFree,
    anyFree: freePort,
  },
): Promise<PortChoice> => {
  const ports: Record<string, number> = {};
  const moved: { name: string; from: number; to: number }[] = [];
  const taken = new Set<number>();
  const take = (name: string, port: number): void => {
    ports[name] = port;
    taken.add(port);
  };
  const usable = async (port: number | undefined): Promise<boolean> => port !== undefined && !taken.has(port) && (await probe.isFree(port));
  for (const name of names) {
    const port = sources.fixed[name];
    if (port === undefined) continue;
    if (!(await usable(port)))
      throw new Error(`port ${port} of ${name} is taken: free it, or fix another with --port ${name}=<n> or ${portVariable(name)}`);
    take(name, port);
  }
  for (const source of [sources.before, sources.preferred]) {
    for (const name of names) {
      const port = source[name];
      if (ports[name] === undefined && port !== undefined && (await usable(port))) take(name, port);
    }
  }
  for (const name of names) if (ports[name] === undefined) take(name, await probe.anyFree(taken));
  for (const name of names) {
    const from = sources.before[name];
    const to = ports[name]!;
    if (from !== undefined && from !== to) moved.push({ name, from, to });
  }
  return { ports, moved };
};

export const readPorts = (file: string): PortMap => {
  try {
    return PortMapSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
};

/** Regions that do not run this time keep theirs. */
export const keepPorts = (file: string, ports: PortMap): void =>
  writeWholeFile(file, `${JSON.stringify({ ...readPorts(file), ...ports }, null, 2)}\n`);
