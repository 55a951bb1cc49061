import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type { ParsedProvisionRun, ProvisionerMessage, StampOutputs } from '@lapidary/contracts/provisioner-protocol';
import { ChangeCollector } from './planned-changes.js';
import { ChangeCounter } from './provisioner-events.js';
import { engineName } from './stack-workspace.js';

export type ProvisionResult = Extract<ProvisionerMessage, { type: 'result' }>;

/** Gathers an operation's events into its result: the same whichever engine sends them, and whichever way they come. */
export class ResultBuilder {
  private readonly counter = new ChangeCounter();
  private readonly collector: ChangeCollector;

  constructor(private readonly run: ParsedProvisionRun) {
    this.collector = new ChangeCollector(run.operation === 'refresh' || run.operation === 'drift');
  }

  observe(event: EngineEvent): void {
    this.counter.observe(event);
    this.collector.observe(event);
  }

  result(outputs: StampOutputs | null): ProvisionResult {
    return {
      type: 'result',
      changes: this.counter.changes,
      outputs,
      engine: engineName(this.run),
      plan: [...this.collector.plan],
      drifted: [...this.collector.drift],
      policy: [],
      monthlyCost: null,
    };
  }
}
