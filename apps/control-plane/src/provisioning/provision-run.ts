import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import type { SynthRequest } from '@lapidary/contracts/planner-protocol';
import { postgresServerOf, type ProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import type { StampSpec } from '@lapidary/contracts/stamp-spec';
import { AppError } from '@lapidary/kernel/app-error';

/** The program of the provisioning child below the root directory. */
const childProgram = 'infra/dist/engine/provisioner-main.js';
const plannerProgram = 'infra/dist/engine/synth/planner-main.js';

export const childScriptOf = (config: ControlPlaneConfig): string => resolve(config.LAPIDARY_ROOT_DIR, childProgram);

export const plannerScriptOf = (config: ControlPlaneConfig): string => resolve(config.LAPIDARY_ROOT_DIR, plannerProgram);

/** Variables without which the local driver can't build anything. */
const localNeeds = ['LAPIDARY_LOCAL_PROCESS_DIR', 'LAPIDARY_LOCAL_POSTGRES_ADMIN_URL'] as const;

/** As a shell reads it, since that is how the CLI's documents write its place. */
const fromHome = (path: string): string => path.replace(/^~(?=\/)/, homedir());

/** What the child is told; without a version of the template, the newest that is installed. Throws config_invalid where this control plane is not set up for the spec's driver. */
export const provisionRunOf = (
  config: ControlPlaneConfig,
  spec: StampSpec,
  regionFacts: ProvisionRun['regionFacts'],
  templateVersion: string | null = null,
): ProvisionRun => ({
  operation: 'up',
  spec,
  regionFacts,
  engine: config.LAPIDARY_ENGINE,
  stateDir: resolve(config.LAPIDARY_ENGINE_STATE_DIR),
  passphraseFile: resolve(config.LAPIDARY_ENGINE_PASSPHRASE_FILE),
  stateKey: config.LAPIDARY_ENGINE_STATE_KEY,
  ...(config.LAPIDARY_ENGINE === 'pulumi' ? { pluginDir: resolve(fromHome(config.LAPIDARY_ENGINE_PLUGIN_DIR)) } : {}),
  ...(templateVersion === null ? {} : { templateVersion }),
  local: spec.driver === 'local' ? localOf(config) : null,
});

/** The question what the template renders for a run, with nothing secret in it. */
export const synthRequestOf = ({ spec, regionFacts, local, templateVersion }: ProvisionRun): SynthRequest => ({
  ...(templateVersion === undefined ? {} : { templateVersion }),
  spec,
  regionFacts,
  local: local && {
    postgresServer: postgresServerOf(local.postgresAdminUrl),
    natsUrl: local.natsUrl,
    natsUser: local.natsUser,
    processDir: local.processDir,
  },
});

const localOf = (config: ControlPlaneConfig): NonNullable<ProvisionRun['local']> => {
  const { LAPIDARY_LOCAL_PROCESS_DIR: processDir, LAPIDARY_LOCAL_POSTGRES_ADMIN_URL: postgresAdminUrl } = config;
  if (processDir === undefined || postgresAdminUrl === undefined) {
    const fields = localNeeds.filter((name) => config[name] === undefined).map((path) => ({ path, message: 'needed by the local driver' }));
    throw new AppError('config_invalid', `This control plane is not set up for the local driver: ${fields.map((f) => f.path).join(', ')}`, {
      fields,
    });
  }
  return {
    postgresAdminUrl,
    natsUrl: config.LAPIDARY_NATS_URL,
    natsUser: config.LAPIDARY_LOCAL_AGENT_NATS_USER ?? '',
    natsPassword: config.LAPIDARY_LOCAL_AGENT_NATS_PASSWORD ?? '',
    processDir: resolve(processDir),
    rootDir: resolve(config.LAPIDARY_ROOT_DIR),
  };
};
