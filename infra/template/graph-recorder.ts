import * as pulumi from '@pulumi/pulumi';
import { digestOf } from '@lapidary/kernel/canonical-json';

interface GraphNode {
  readonly type: string;
  readonly name: string;
  readonly inputs: unknown;
}

/** Stands for whatever is known only at run time: ids, ports, secrets. */
const atRunTime = '<at run time>';

/**
 * Writes down what the template renders: types, names and inputs, without anything that is made at run time. Two stamps
 * with equal digests (after their names) were rendered alike; a stamp whose digest differs from its template's is a
 * snowflake (P-ST4).
 */
export class GraphRecorder {
  private readonly nodes: GraphNode[] = [];

  /** A Pulumi transformation, given to the root component: the SDK calls it for the root and everything below. */
  readonly transformation: pulumi.ResourceTransformation = ({ type, name, props }) => {
    this.nodes.push({ type, name, inputs: frozen(props) });
    return undefined;
  };

  digest(): string {
    return digestOf(this.nodes.toSorted((a, b) => compare(`${a.type} ${a.name}`, `${b.type} ${b.name}`)));
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const frozen = (value: unknown): unknown => {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return atRunTime;
  if (pulumi.Resource.isInstance(value)) return atRunTime;
  if (Array.isArray(value)) return value.map(frozen);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const entries = Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, frozen(item)] as const]));
  return Object.fromEntries(entries);
};
