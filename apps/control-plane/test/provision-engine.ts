import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInfraBuilt } from '@lapidary/infra/testing/ensure-built';
import { localScripts } from '@lapidary/infra/testing/local-world';
import { installStandIns, TinySupervisor } from '@lapidary/infra/testing/tiny-supervisor';

/** What a control plane under test finds below its root: the children, and somebody who runs what they ask for. */
export interface InstalledEngine {
  stop(): Promise<void>;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Children that play what the spec's labels tell them to. */
export const installFakeEngine = async (root: string): Promise<InstalledEngine> => {
  const engine = join(root, 'infra/dist/engine');
  await mkdir(join(engine, 'synth'), { recursive: true });
  await copyFile(here('./fake-provisioner.mjs'), join(engine, 'provisioner-main.js'));
  await copyFile(here('./fake-planner.mjs'), join(engine, 'synth', 'planner-main.js'));
  await writeFile(join(root, 'package.json'), '{"type":"module"}');
  return { stop: () => Promise.resolve() };
};

/** The built children of infra/; a supervisor runs stand-ins as the processes of local stamps. */
export const installRealEngine = async (root: string): Promise<InstalledEngine> => {
  await ensureInfraBuilt();
  await symlink(here('../../../infra'), join(root, 'infra'));
  await installStandIns(root, localScripts);
  return new TinySupervisor(join(root, 'processes'), root);
};
