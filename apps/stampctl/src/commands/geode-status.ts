import { GeodeQuerySchema } from '@lapidary/contracts/api/replication';
import type { Command } from '../invocation.js';
import { geodeText } from '../output/replication-tables.js';

export const geodeStatus: Command = async (invocation) => {
  const { region } = invocation.parse(GeodeQuerySchema, invocation.options);
  const { output } = invocation;
  const geode = await invocation.connect().geode(region);
  await output.result({ data: geode, name: geode.region, table: (view) => geodeText(geode, view) });
  if ((geode.intents?.open ?? 0) > 0) output.hint('Commands that wait for other regions: stampctl intents ls');
  if (geode.deadLetters > 0) output.hint('Events that could not be applied: stampctl dlq ls');
};
