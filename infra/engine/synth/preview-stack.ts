import type { ParsedProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import { projectName } from '../../template/stamp-template.js';
import { engineError } from '../engine-error.js';
import { runInProcess } from '../in-process-program.js';
import { runOperation } from '../operation.js';
import { stampPolicies } from '../policy-guard.js';
import { monitorMethods } from '../resource-monitor.js';
import { ResultBuilder, type ProvisionResult } from '../run-result.js';
import { keyDrift } from '../secrets/key-drift.js';
import { configOf, providersOf } from '../stack-workspace.js';
import { ScratchStore } from '../stack-store.js';
import { StateFile } from '../state-file.js';
import { templateOf, type Template } from '../templates.js';
import { emptyState, type ConfigValue } from '../state-model.js';
import type { Deployment } from '../deployment.js';
import type { MonitorMethods } from '../in-process-program.js';

/**
 * A preview or a look for drift on the embedded engine without the Automation API: the same operation over the same state with
 * the same providers, but the program and the engine speak in this process and not over sockets. What differs is the time:
 * some tenth of a second instead of one (bench/provision.ts). planner.spec.ts holds both ways to the same answer.
 */
export const previewStack = async (run: ParsedProvisionRun, signal: AbortSignal): Promise<ProvisionResult> =>
  (await lookAhead(run, signal, new ResultBuilder(run))).result(null, run.operation === 'drift' ? await keyDrift(run) : []);

/** The same with all that was gathered on the way: the gate before an `up` needs the URNs too. */
export const lookAhead = async (run: ParsedProvisionRun, signal: AbortSignal, builder: ResultBuilder): Promise<ResultBuilder> => {
  const stack = run.spec.name;
  const { program } = await templateOf(run.templateVersion);
  const store = new ScratchStore(new StateFile(run.stateDir, stack, run));
  const config = Object.fromEntries(
    Object.entries(configOf(run)).map(([key, { value, secret }]): [string, ConfigValue] => [key, { value, secret: secret ?? false }]),
  );
  const state = (await store.load()) ?? emptyState(projectName);
  await store.save({ ...state, config: { ...state.config, ...config } });
  await runOperation({
    kind: run.operation === 'drift' ? 'refresh' : 'preview',
    dryRun: true,
    stack,
    project: projectName,
    file: store,
    locks: undefined,
    providers: providersOf(run),
    policies: stampPolicies(run),
    runProgram: (d) => runProgram(d, program),
    eventTarget: undefined,
    refreshFirst: false,
    expectNoChanges: false,
    message: '',
    observe: (event) => builder.observe(event),
    signal,
  });
  return builder;
};

const runProgram = async (d: Deployment, program: Template['program']): Promise<void> => {
  const ended = runInProcess({
    project: projectName,
    stack: d.parts.stack,
    config: d.state.config,
    monitor: monitorMethods(d, projectName) as unknown as MonitorMethods,
    program,
  }).then(
    () => undefined,
    (error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      if (d.failure === undefined) d.stop(engineError('program_failed', `the template failed: ${d.parts.scrubber.scrub(text)}`));
    },
  );
  // A program whose engine has stopped may never end.
  await Promise.race([ended, d.halted]);
  await d.settle();
  d.throwIfStopped();
};
