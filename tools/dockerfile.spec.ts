import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

/** The image can't be built everywhere; that it holds what the code is made for, and finds it, can be checked. */
const root = path.resolve(import.meta.dirname, '..');
const dockerfile = readFileSync(path.join(root, 'infra/docker/Dockerfile'), 'utf8');
const { dependencies } = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')));

const stages = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)].map(([, from = '', name]) => ({ from, name }));
const argument = (name: string): string | undefined => new RegExp(`^ARG ${name}=(.+)$`, 'm').exec(dockerfile)?.[1];

describe('infra/docker/Dockerfile', () => {
  test('bakes the program and the plugin whose versions the SDKs are pinned to', () => {
    expect(argument('PULUMI_VERSION')).toBe(dependencies['@pulumi/pulumi']);
    expect(argument('PULUMI_AWS_VERSION')).toBe(dependencies['@pulumi/aws']);
  });

  test('builds every stage from an image or an earlier stage, and copies from stages that exist', () => {
    const known: string[] = [];
    for (const { from, name } of stages) {
      if (!from.includes(':')) expect(known).toContain(from);
      if (name !== undefined) known.push(name);
    }
    for (const [, source = ''] of dockerfile.matchAll(/--from=(\S+)/g)) expect(known).toContain(source);
    expect(known).toEqual(['build', 'lapidary', 'workload', 'pulumi', 'aws']);
    expect(stages.at(-1)).toEqual({ from: 'lapidary', name: undefined });
  });

  test('the image for AWS finds the program on PATH and its plugins where the setting says', () => {
    const stage = dockerfile.slice(dockerfile.indexOf('FROM lapidary AS aws'));
    const copied = [...stage.matchAll(/^COPY --from=pulumi (\S+) (\S+)$/gm)].map(([, , to]) => to);
    const pluginDir = /LAPIDARY_ENGINE_PLUGIN_DIR=(\S+)/.exec(stage)?.[1];
    expect(copied).toContain(pluginDir);
    expect(copied).toContain(/PATH=([^:]+):/.exec(stage)?.[1]);
  });
});
