import path from 'node:path';
import { parseArgs } from 'node:util';

export interface StartOptions {
  readonly regions: readonly string[] | null;
  readonly dataDir: string | null;
  readonly provision: boolean;
  readonly ports: readonly string[];
  /** Faults that the sample workload shall have, for tests of what stops them. */
  readonly testFaults: string | null;
  readonly help: boolean;
}

export const startHelp = `npm start -- [options]

  --regions eu,us      only these regions of stamps/regions.yaml
  --data-dir <folder>  state of the fleet (default: .lapidary)
  --port <name>=<n>    fixes a port, for example --port router-eu=8000; also LAPIDARY_PORT_ROUTER_EU=8000
  --no-provision       do not provision the first stamp of each region
  --test-faults <file> for tests: faults of the sample workload, by version; the file may change at any time
`;

export const parseStartOptions = (args: readonly string[]): StartOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      regions: { type: 'string' },
      'data-dir': { type: 'string' },
      port: { type: 'string', multiple: true },
      'no-provision': { type: 'boolean' },
      'test-faults': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  return {
    regions: values.regions === undefined ? null : values.regions.split(',').filter((name) => name !== ''),
    dataDir: values['data-dir'] === undefined ? null : path.resolve(values['data-dir']),
    provision: values['no-provision'] !== true,
    ports: values.port ?? [],
    testFaults: values['test-faults'] === undefined ? null : path.resolve(values['test-faults']),
    help: values.help === true,
  };
};
