import { RouteQuerySchema } from '@lapidary/contracts/api/routing';
import type { Command } from '../invocation.js';
import { bearerFrom } from '../context/bearer.js';
import { routeText } from '../output/route-text.js';

export const route: Command = async (invocation) => {
  const { region, path, bearerFile } = invocation.options;
  const query = invocation.parse(RouteQuerySchema, { host: invocation.args[0], path, region });
  const token = await bearerFrom(typeof bearerFile === 'string' ? bearerFile : undefined, invocation.output.terminal);
  const answer = await invocation.connect().route(query.host, query.path, query.region, token);
  await invocation.output.result({ data: answer, name: answer.stamp ?? [], table: (view) => routeText(answer, view) });
};
