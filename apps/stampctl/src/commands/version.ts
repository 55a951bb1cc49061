import { clientVersion } from '../context/client-version.js';
import type { Command } from '../invocation.js';
import { renderFacts } from '../output/table.js';

export const version: Command = async (invocation) => {
  const client = clientVersion();
  const server = invocation.options.client === true ? null : (await invocation.connect().version()).value;
  if (server && server.version !== client) invocation.output.warn(`this stampctl is ${client}, the control plane is ${server.version}`);
  await invocation.output.result({
    data: { client: { version: client, node: globalThis.process.versions.node }, server },
    name: client,
    table: () =>
      renderFacts([
        ['stampctl', client],
        ['control plane', server && `${server.version}, region ${server.region}`],
        ['template', server?.templateVersion],
        ['engine', server?.engine],
      ]),
  });
};
