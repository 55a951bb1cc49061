import path from 'node:path';
import type { ProcessSpec } from '@lapidary/contracts/process-spec';
import type { Launch } from './launch.js';

/** How a file of the process folder is run: with Node, and only a script of this checkout. */
export const specLaunch = (
  spec: ProcessSpec,
  context: { readonly root: string; readonly node: string; readonly env: Record<string, string> },
): Launch => {
  const script = path.resolve(context.root, spec.script);
  if (!script.startsWith(context.root + path.sep)) throw new Error(`${spec.name}: ${spec.script} is outside of the installation`);
  return {
    name: spec.name,
    file: context.node,
    args: ['--enable-source-maps', script, ...spec.args],
    env: { ...context.env, ...spec.env },
    cwd: context.root,
    ready: { kind: 'http', url: spec.readyUrl },
    stopSignal: 'SIGTERM',
  };
};
