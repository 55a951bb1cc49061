import type { PlannerCommandSchema, PlannerMessage } from '@lapidary/contracts/planner-protocol';
import type { ParsedProvisionRun, ProvisionerMessage } from '@lapidary/contracts/provisioner-protocol';
import type { z } from 'zod';
import { failureOf } from '../provisioner-failure.js';
import { provision, scrubberFor } from '../provisioner.js';
import { previewStack } from './preview-stack.js';
import { renderGraph } from './render-graph.js';

type Answer = Extract<PlannerMessage, { type: 'answer' }>['answer'];
type Command = z.output<typeof PlannerCommandSchema>;
type Unsent = PlannerMessage extends infer M ? (M extends unknown ? Omit<M, 'residentBytes'> : never) : never;

/** More at once is no faster (one thread) and holds more memory: each run has a whole graph. */
const parallelMax = 4;

/** Answers the planner's questions, some at once, in the order they came. Never throws. */
export class Planner {
  private readonly waiting: (() => Promise<void>)[] = [];
  private readonly cancels = new Map<number, AbortController>();
  private running = 0;

  constructor(private readonly send: (message: Unsent) => void) {}

  take(command: Command): void {
    if (command.type === 'cancel') return this.cancels.get(command.id)?.abort();
    const cancel = new AbortController();
    this.cancels.set(command.id, cancel);
    this.waiting.push(async () => {
      await this.answer(command, cancel.signal);
      this.cancels.delete(command.id);
    });
    this.next();
  }

  private next(): void {
    while (this.running < parallelMax) {
      const work = this.waiting.shift();
      if (work === undefined) return;
      this.running += 1;
      void work().finally(() => {
        this.running -= 1;
        this.next();
      });
    }
  }

  private async answer(command: Exclude<Command, { type: 'cancel' }>, signal: AbortSignal): Promise<void> {
    const { id } = command;
    if (command.type === 'run') return this.send({ type: 'answer', id, answer: await answerRun(command.run, signal) });
    try {
      this.send({ type: 'synthesis', id, synthesis: await renderGraph(command.request) });
    } catch (error) {
      this.send({ type: 'answer', id, answer: failureOf(error, signal.aborted, (text) => text) });
    }
  }
}

/** The embedded engine in this process; the real CLI through the Automation API, as everywhere. */
const answerRun = async (run: ParsedProvisionRun, signal: AbortSignal): Promise<Answer> => {
  const scrubber = scrubberFor(run);
  try {
    if (run.operation !== 'preview' && run.operation !== 'drift') throw new Error(`the planner only reads; it does no ${run.operation}`);
    signal.throwIfAborted();
    return run.engine === 'embedded' ? await previewStack(run, signal) : await throughAutomationApi(run, signal);
  } catch (error) {
    return failureOf(error, signal.aborted, (text) => scrubber.scrub(text));
  }
};

const throughAutomationApi = async (run: ParsedProvisionRun, signal: AbortSignal): Promise<Answer> => {
  const last = Promise.withResolvers<Answer>();
  const take = (message: ProvisionerMessage): void => {
    if (message.type === 'result' || message.type === 'failure') last.resolve(message);
  };
  await provision(run, take, signal);
  return last.promise;
};
