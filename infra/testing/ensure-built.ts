import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');

/** For tests that fork children: those run built code. Plain JavaScript that runs before anything is built, hence without types. */
export const ensureInfraBuilt = async (): Promise<void> => {
  const { ensureBuilt } = (await import(join(root, 'tools', 'ensure', 'state.mjs'))) as {
    ensureBuilt(options: { root: string; only: string[] }): Promise<unknown>;
  };
  await ensureBuilt({ root, only: ['libs/kernel', 'libs/contracts', 'infra'] });
};
