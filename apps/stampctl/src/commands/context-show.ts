import type { Command } from '../invocation.js';
import { resolveTarget } from '../context/resolve-target.js';
import { renderFacts } from '../output/table.js';

export const contextShow: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const target = resolveTarget({ ...options, context: args[0] ?? options.context }, output.terminal.env, output.terminal.cwd);
  const shown = {
    server: target.server,
    region: target.region,
    source: target.source,
    from: target.described,
    hasToken: target.token !== null,
  };
  await output.result({
    data: shown,
    name: target.server,
    table: () =>
      renderFacts([
        ['server', target.server],
        ['region', target.region],
        ['from', `${target.described} (${target.source})`],
        ['token', target.token === null ? 'none' : 'present'],
      ]),
  });
};
