import { z } from 'zod';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { RouterConfigSchema } from '@lapidary/config/router';
import { StampAgentConfigSchema } from '@lapidary/config/stamp-agent';
import { StorefrontConfigSchema } from '@lapidary/config/storefront';

const processes = {
  'control plane': ControlPlaneConfigSchema,
  router: RouterConfigSchema,
  'stamp agent': StampAgentConfigSchema,
  storefront: StorefrontConfigSchema,
};

interface Field {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly description?: string;
}

/** docs/reference/config.md from the schemas that parse the environment. */
export const configPage = (): string => {
  const parts = Object.entries(processes).map(([name, schema]) => {
    const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
      properties?: Record<string, Field>;
      required?: string[];
    };
    const rows = Object.entries(json.properties ?? {}).map(
      ([variable, field]) =>
        `| \`${variable}\` | ${field.description ?? ''} | ${kind(field)} | ${standard(field, json.required?.includes(variable) ?? false)} |`,
    );
    return [`## ${name}`, '', '| Variable | What | Value | Default |', '| --- | --- | --- | --- |', ...rows].join('\n');
  });
  return [
    '# Configuration',
    '',
    'Every process parses its environment once, at start, and reports all problems at once.',
    '',
    parts.join('\n\n'),
    '',
  ].join('\n');
};

const kind = (field: Field): string => {
  if (field.enum) return field.enum.map((v) => `\`${String(v)}\``).join(', ');
  if (field.minimum !== undefined && field.maximum !== undefined) return `${field.minimum} to ${field.maximum}`;
  return field.type ?? 'text';
};

const standard = (field: Field, required: boolean): string => {
  if (field.default !== undefined && field.default !== '')
    return `\`${typeof field.default === 'string' ? field.default : JSON.stringify(field.default)}\``;
  return required ? 'required' : 'none';
};
