import { RouteQuerySchema } from '@lapidary/contracts/api/routing';
import type { Command } from '../invocation.js';
import { routeText } from '../output/route-text.js';

export const route: Command = async (invocation) => {
  const { region, path } = invocation.options;
  const query = invocation.parse(RouteQuerySchema, { host: invocation.args[0], path, region });
  const answer = await invocation.connect().route(query.host, query.path, query.region);
  await invocation.output.result({ data: answer, name: answer.stamp ?? [], table: (view) => routeText(answer, view) });
};
