import type { EngineEvent } from '@pulumi/pulumi/automation/events.js';
import type {
  DriftedResource,
  ParsedProvisionRun,
  PlannedChange,
  PolicyFinding,
  ProvisionerMessage,
  StampOutputs,
} from '@lapidary/contracts/provisioner-protocol';
import { monthlyCostOf, type PricedResource } from '../template/prices.js';
import { ChangeCollector } from './planned-changes.js';
import { ChangeCounter } from './provisioner-events.js';
import type { PropertyMap } from './property-values.js';
import { engineName } from './stack-workspace.js';
import { nameOf } from './urn.js';

export type ProvisionResult = Extract<ProvisionerMessage, { type: 'result' }>;

/** Gathers an operation's events into its result: the same whichever engine sends them, and whichever way they come. */
export class ResultBuilder {
  private readonly counter = new ChangeCounter();
  private readonly collector: ChangeCollector;
  private readonly findings: PolicyFinding[] = [];
  private readonly rendered = new Map<string, PricedResource>();

  constructor(private readonly run: ParsedProvisionRun) {
    this.collector = new ChangeCollector(run.operation === 'refresh' || run.operation === 'drift');
  }

  observe(event: EngineEvent): void {
    this.counter.observe(event);
    this.collector.observe(event);
    if (event.policyEvent) this.findings.push(findingOf(event.policyEvent));
    const metadata = event.resourcePreEvent?.metadata;
    if (metadata?.new && renders.has(metadata.op)) this.rendered.set(metadata.urn, resourceOf(metadata.new));
  }

  get plan(): readonly PlannedChange[] {
    return this.collector.plan;
  }

  get policy(): readonly PolicyFinding[] {
    return this.findings;
  }

  /** Of resources that the plan changes, by their names. */
  urnsOf(names: readonly string[]): readonly string[] {
    return this.collector.urnsOf(names);
  }

  result(outputs: StampOutputs | null, drifted: readonly DriftedResource[] = []): ProvisionResult {
    return {
      type: 'result',
      changes: this.counter.changes,
      outputs,
      engine: engineName(this.run),
      plan: [...this.collector.plan],
      drifted: [...this.collector.drift, ...drifted],
      policy: [...this.findings],
      monthlyCost: monthlyCostOf([...this.rendered.values()]),
    };
  }
}

/** Steps after which the resource is there: what is rendered, changed or not. */
const renders: ReadonlySet<string> = new Set(['create', 'update', 'same', 'create-replacement']);

type Metadata = NonNullable<EngineEvent['resourcePreEvent']>['metadata'];

/** Secrets are masked here already; no price depends on one. */
const resourceOf = ({ type, urn, inputs }: NonNullable<Metadata['new']>): PricedResource => ({
  type,
  name: nameOf(urn),
  inputs: inputs as PropertyMap,
});

/** Of a rule about the whole stack, the resource stands before the message (policy-pack.ts). */
const findingOf = ({ policyName, enforcementLevel, resourceUrn, message }: NonNullable<EngineEvent['policyEvent']>): PolicyFinding => {
  const level = enforcementLevel === 'mandatory' ? 'mandatory' : 'advisory';
  if (resourceUrn) return { rule: policyName, level, resource: nameOf(resourceUrn), message };
  const [, resource = '', text = message] = /^([^:\s]+): (.*)$/s.exec(message) ?? [];
  return { rule: policyName, level, resource, message: text };
};
