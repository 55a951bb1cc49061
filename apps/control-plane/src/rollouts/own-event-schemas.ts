import type { EventSchemas } from '@lapidary/contracts/api/rollouts';
import { eventSchemas } from '@lapidary/contracts/events/registry';
import { z } from 'zod';

/** Every event type that this version writes and reads, with the JSON schema of its data. */
export const ownEventSchemas = (): EventSchemas['schemas'] =>
  Object.fromEntries(
    Object.entries(eventSchemas).map(([type, schema]) => [type, z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' })]),
  );
