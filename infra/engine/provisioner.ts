import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type { OutputMap, PulumiFn } from '@pulumi/pulumi/automation/index.js';
import {
  StampOutputsSchema,
  type ProvisionerMessage,
  type ParsedProvisionRun,
  type StampOutputs,
} from '@lapidary/contracts/provisioner-protocol';
import { engineError } from './engine-error.js';
import { passGate } from './gate.js';
import { liftProtection } from './lift-protection.js';
import { messageOf } from './provisioner-events.js';
import { failureOf } from './provisioner-failure.js';
import { ResultBuilder } from './run-result.js';
import { keyDrift } from './secrets/key-drift.js';
import { SecretScrubber } from './secret-scrubber.js';
import { openStack, type OpenStack } from './stack-workspace.js';
import { lookAhead } from './synth/preview-stack.js';
import { templateOf } from './templates.js';

/**
 * One operation on one stamp, from the run's description to its result, through the Automation API. Never throws: the last
 * message is a `result` or a `failure`.
 */
export const provision = async (
  run: ParsedProvisionRun,
  send: (message: ProvisionerMessage) => void,
  signal: AbortSignal,
): Promise<void> => {
  const scrubber = scrubberFor(run);
  const builder = new ResultBuilder(run);
  const tell = (event: EngineEvent): void => {
    const message = messageOf(event);
    if (message !== undefined) send(message.type === 'log' ? { ...message, message: scrubber.scrub(message.message) } : message);
  };
  const onEvent = (event: EngineEvent): void => {
    builder.observe(event);
    tell(event);
  };
  try {
    const { program } = await templateOf(run.templateVersion);
    const opened = await openStack(run, program as PulumiFn);
    try {
      const outputs = await operate(run, opened, { onEvent, tell, signal });
      send(builder.result(outputs, run.operation === 'drift' ? await keyDrift(run) : []));
    } finally {
      await opened.close();
    }
  } catch (error) {
    send(failureOf(error, signal.aborted, (text) => scrubber.scrub(text)));
  }
};

interface Telling {
  /** What counts as the operation's own. */
  readonly onEvent: (event: EngineEvent) => void;
  /** What only makes it possible: told to people, and in no result. */
  readonly tell: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
}

const operate = async (run: ParsedProvisionRun, opened: OpenStack, { onEvent, tell, signal }: Telling): Promise<StampOutputs | null> => {
  const { stack, policyPacks } = opened;
  const options = { onEvent, signal };
  switch (run.operation) {
    case 'preview':
      await stack.preview({ ...options, ...policyPacks });
      return null;
    case 'up':
      await passedGate(run, opened, tell, signal);
      return stampOutputs((await stack.up({ ...options, ...policyPacks })).outputs);
    case 'refresh':
      await stack.refresh(options);
      return StampOutputsSchema.safeParse(plainOutputs(await stack.outputs())).data ?? null;
    case 'drift':
      await stack.previewRefresh(options);
      return null;
    case 'destroy':
      if (run.unprotect) await liftProtection(opened, 'all', { onEvent: tell, signal });
      await stack.destroy(options);
      // An empty stack of a stamp that is no more would be taken for one.
      await stack.workspace.removeStack(stack.name);
      return null;
  }
};

/**
 * Looks ahead before anything is changed (gate.ts). What is approved by name loses its protection for this run: the engines, ours
 * and the real one, refuse to replace or delete what is protected, and so does the cloud; the program protects it again.
 */
const passedGate = async (run: ParsedProvisionRun, opened: OpenStack, tell: Telling['tell'], signal: AbortSignal): Promise<void> => {
  const { stack, policyPacks } = opened;
  const ahead = new ResultBuilder(run);
  const options = { onEvent: (event: EngineEvent) => ahead.observe(event), signal, ...policyPacks };
  let refused: unknown;
  if (run.engine === 'embedded') await lookAhead({ ...run, operation: 'preview' }, signal, ahead);
  // The real CLI's preview fails where something protected would be replaced, after it has told so in its events.
  else await stack.preview(options).catch((error: unknown) => (refused = error));
  passGate(ahead.plan, ahead.policy, run);
  const approved = ahead.plan.filter(({ protected: held, name }) => held && run.approveReplace.includes(name)).map(({ name }) => name);
  if (refused !== undefined && approved.length === 0) throw refused;
  if (approved.length > 0) await liftProtection(opened, ahead.urnsOf(approved), { onEvent: tell, signal });
};

const plainOutputs = (outputs: OutputMap): Record<string, unknown> =>
  Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value as unknown]));

const stampOutputs = (outputs: OutputMap): StampOutputs => {
  const parsed = StampOutputsSchema.safeParse(plainOutputs(outputs));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw engineError('program_failed', `the template's outputs are not the stamp contract: ${problems}`);
};

/** Of what the run itself carries; what the state holds, the engine learns. */
export const scrubberFor = (run: ParsedProvisionRun): SecretScrubber => {
  const scrubber = new SecretScrubber();
  if (run.local === null) return scrubber;
  scrubber.learnText(run.local.natsPassword);
  scrubber.learnText(run.local.postgresAdminUrl);
  const admin = URL.parse(run.local.postgresAdminUrl);
  scrubber.learnText(decodeURIComponent(admin?.password ?? ''));
  return scrubber;
};
