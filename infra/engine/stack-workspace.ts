import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LocalWorkspace, PulumiCommand, type ConfigMap, type PulumiFn, type Stack } from '@pulumi/pulumi/automation/index.js';
import { simulatedWorldFile } from '@lapidary/contracts/simulated-world';
import { postgresServerOf, type ParsedProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { policyPackConfigOf } from '../policy/policy-config.js';
import { policyFactsOf } from '../template/policy-facts.js';
import { configKeys, type LocalFacts } from '../template/stamp-inputs.js';
import { projectName } from '../template/stamp-template.js';
import { EmbeddedPulumiCommand } from './embedded-command.js';
import { engineError } from './engine-error.js';
import { LocalProvider } from './local-provider/local-provider.js';
import { processStartTime } from './process-identity.js';
import { stampPolicies } from './policy-guard.js';
import type { ProviderFactory } from './resource-provider.js';
import { pulumiHomeIn } from './pulumi-home.js';
import { SimulatedCloud } from './simulated-cloud.js';

export interface OpenStack {
  readonly stack: Stack;
  /** For the real CLI; the embedded engine asks the same rules itself. */
  readonly policyPacks: { readonly policyPacks?: string[]; readonly policyPackConfigs?: string[] };
  /** Runs a command that the Automation API has no method for, on this stack. */
  pulumi(args: readonly string[]): Promise<void>;
  /** Removes the working directory; the state stays. */
  close(): Promise<void>;
}

/** The stamp's stack through the Automation API, with its config set. */
export const openStack = async (run: ParsedProvisionRun, program: PulumiFn): Promise<OpenStack> => {
  const runs = join(run.stateDir, 'runs');
  await removeDeadRuns(runs);
  const home = join(runs, `${run.spec.name}.${process.pid}`);
  await mkdir(home, { recursive: true });
  const close = (): Promise<void> => rm(home, { recursive: true, force: true });
  try {
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: run.spec.name, projectName, program },
      {
        workDir: await workDirOf(run, home),
        pulumiHome: await pulumiHomeIn(home, run.pluginDir),
        ...(run.engine === 'pulumi' && run.stateKey !== 'passphrase' ? { secretsProvider: run.stateKey } : {}),
        pulumiCommand: await commandFor(run),
        projectSettings: { name: projectName, runtime: 'nodejs' },
        envVars: {
          PULUMI_BACKEND_URL: `file://${run.stateDir}`,
          PULUMI_CONFIG_PASSPHRASE_FILE: run.passphraseFile,
          PULUMI_SKIP_UPDATE_CHECK: 'true',
        },
      },
    );
    await stack.setAllConfig(configOf(run));
    return { stack, policyPacks: await policyPacksFor(run, home), pulumi: (args) => runCommand(stack, args), close };
  } catch (error) {
    await close();
    throw error;
  }
};

// The method is private to the SDK; its command, environment and directory are what every other call uses.
const runCommand = async ({ name, workspace }: Stack, args: readonly string[]): Promise<void> => {
  await (workspace as unknown as { runPulumiCmd(args: string[]): Promise<unknown> }).runPulumiCmd([...args, '--stack', name]);
};

const policyPacksFor = async (run: ParsedProvisionRun, home: string): Promise<OpenStack['policyPacks']> => {
  if (run.engine === 'embedded') return {};
  const file = join(home, 'policy-config.json');
  await writeFile(file, policyPackConfigOf(policyFactsOf(run.spec, run.regionFacts, run.unprotect)));
  return { policyPacks: [join(import.meta.dirname, '..', 'policy')], policyPackConfigs: [file] };
};

/** What children left that were killed: directories named by their pid. Nothing of value is in them. */
const removeDeadRuns = async (runs: string): Promise<void> => {
  for (const name of await readdir(runs).catch(() => [])) {
    const pid = Number(name.slice(name.lastIndexOf('.') + 1));
    if (processStartTime(pid) === undefined) await rm(join(runs, name), { recursive: true, force: true });
  }
};

/** The real CLI keeps the stack's config, and the salt of its secrets, in the working directory: there it must last. */
const workDirOf = async (run: ParsedProvisionRun, home: string): Promise<string> => {
  const workDir = run.engine === 'pulumi' ? join(run.stateDir, 'pulumi', run.spec.name) : home;
  await mkdir(workDir, { recursive: true });
  return workDir;
};

/** Said in results, so that nobody takes a pretended cloud for a real one. */
export const engineName = (run: ParsedProvisionRun): string => {
  if (run.engine === 'pulumi') return 'pulumi';
  return run.spec.driver === 'aws' ? 'embedded (simulated cloud)' : 'embedded';
};

/** Previews and drift leave nothing behind and need no lock. */
const isReadOnly = (run: ParsedProvisionRun): boolean => run.operation === 'preview' || run.operation === 'drift';

const commandFor = async (run: ParsedProvisionRun): Promise<PulumiCommand> => {
  if (run.engine === 'pulumi') {
    if (run.spec.driver === 'local') throw engineError('engine_unavailable', 'the local driver runs on the embedded engine only');
    return PulumiCommand.get().catch((error: Error) => {
      throw engineError('engine_unavailable', `there is no usable pulumi program on PATH: ${error.message}`);
    });
  }
  return new EmbeddedPulumiCommand({
    directory: run.stateDir,
    keys: run,
    readOnly: isReadOnly(run),
    providers: providersOf(run),
    policies: stampPolicies(run),
    fence: run.lease?.token,
  }).asPulumiCommand();
};

/** Shared with the planner, which runs the embedded engine without the Automation API. */
export const providersOf = ({ stateDir, spec, regionFacts }: ParsedProvisionRun): Readonly<Record<string, ProviderFactory>> => ({
  lapidary: (settings) => new LocalProvider(settings),
  aws: () => new SimulatedCloud(join(stateDir, simulatedWorldFile(spec.name)), regionFacts.awsRegion),
});

export const configOf = (run: ParsedProvisionRun): ConfigMap => {
  const config: ConfigMap = {
    [`${projectName}:${configKeys.spec}`]: { value: JSON.stringify(run.spec) },
    [`${projectName}:${configKeys.region}`]: { value: JSON.stringify(run.regionFacts) },
  };
  if (run.spec.driver !== 'local') return config;
  if (run.local === null) throw engineError('program_failed', 'a local stamp needs the facts of this machine');
  const { natsUrl, natsUser, natsPassword, postgresAdminUrl, processDir, rootDir } = run.local;
  const facts: LocalFacts = { postgresServer: postgresServerOf(postgresAdminUrl), natsUrl, natsUser, processDir };
  return {
    ...config,
    [`${projectName}:${configKeys.local}`]: { value: JSON.stringify(facts) },
    [`${projectName}:${configKeys.natsPassword}`]: { value: natsPassword, secret: true },
    'lapidary:postgresAdminUrl': { value: postgresAdminUrl, secret: true },
    'lapidary:processDir': { value: processDir },
    'lapidary:rootDir': { value: rootDir },
  };
};
